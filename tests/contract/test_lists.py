"""Lists over REST: what is denied is blocked, what is allowed says by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from aidefence.app.settings import Settings
from aidefence.domain.enums import DeepMode

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    path: Path = tmp_path_factory.mktemp("lists") / "lists.toml"
    path.write_text(
        '[[allow]]\nid="ours"\nemail="info@firma.de"\nreason="imprint"\n'
        '[[deny]]\nid="code"\nvalue="KX-77"\ncategory="data_exfiltration"\nreason="internal"\n',
        "utf-8",
    )
    return Settings(lists=(path,), deep=DeepMode.OFF)


def test_answers_tell_of_lists(ask: Ask) -> None:
    allowed = ask("POST", "/api/v2/detect", json={"content": "Our mail is info@firma.de."}).json()
    assert allowed["action"] == "allow"
    (told,) = allowed["allowedBy"]
    assert (told["entry"], told["ruleId"], told["span"]) == (
        "ours",
        "tx-pii-email",
        {"start": 12, "end": 25},
    )
    denied = ask("POST", "/api/v2/detect", json={"content": "It is KX-77."}).json()
    assert (denied["action"], denied["threat"]["category"]) == ("block", "data_exfiltration")
    assert denied["threat"]["findings"][0]["ruleId"] == "denied:code"
    assert "allowedBy" not in denied
