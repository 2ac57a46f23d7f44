"""`--deep` and `--no-deep`: insist, leave out, or say plainly what is missing."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from tests import deep_model
from typer.testing import CliRunner

from aidefence.app import deep as opening
from aidefence.app import wiring
from aidefence.delivery.cli import options
from aidefence.delivery.cli.main import app
from aidefence.domain.enums import DeepMode
from aidefence.knowledge import deep

LINE = 'pip install "aidefence[deep]"'


@pytest.fixture
def shipped(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """An installation whose package holds a deep model."""
    for name in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(name)
    folder = deep_model.write(tmp_path / "models")
    monkeypatch.setattr(deep, "shipped_folder", lambda: folder)
    _forget()
    yield folder
    _forget()


def _forget() -> None:
    # Guards are kept by their setup and models by their card: none must be what another found.
    wiring._build.cache_clear()
    opening._shared.cache_clear()


def test_the_options_are_the_modes() -> None:
    modes = [options.mode_of(given) for given in (None, True, False)]
    assert modes == [DeepMode.AUTO, DeepMode.REQUIRED, DeepMode.OFF]


@pytest.mark.parametrize("command", [["scan", "alarm"], ["bench", "--seconds", "0.1"], ["serve"]])
def test_insisting_without_the_extra_names_the_line(shipped, monkeypatch, command) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    got = CliRunner().invoke(app, [*command, "--deep"])
    assert got.exit_code == 2
    assert LINE in " ".join(got.stderr.split())


def test_a_scan_goes_as_deep_as_it_is_told(shipped) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    def tiers(*arguments: str) -> list[int]:
        got = CliRunner().invoke(app, ["scan", "a quiet alarm", "--format", "json", *arguments])
        return list(json.loads(got.stdout)["results"][0]["tiers"])

    assert tiers() == tiers("--deep") == [0, 1, 3]
    assert tiers("--no-deep") == [0, 1]


def test_what_is_measured_is_what_decides(shipped, tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    texts = [("an alarm", "attack"), ("alarm bells", "attack"), ("a calm day", "benign")]
    file = tmp_path / "labelled.jsonl"
    rows = [json.dumps({"text": text, "label": label}) for text, label in texts]
    file.write_text("\n".join(rows), "utf-8")

    def measured(*arguments: str) -> dict[str, Any]:
        got = CliRunner().invoke(app, ["eval", str(file), "--json", *arguments])
        assert got.exit_code == 0, got.output
        return dict(json.loads(got.stdout))

    built = wiring._build.cache_info().misses
    deep = measured()
    # The scorer asks the guard that decides: one engine, all its tiers.
    assert wiring._build.cache_info().misses == built + 1
    assert deep["overall"]["confusion"] == {"tp": 2, "fn": 0, "fp": 0, "tn": 1}
    assert deep["reached"]["3"]["benign"]["hits"] == 1
    assert deep["reached"]["3"]["attacks"]["value"] == 1.0
    assert deep["latency"]["by_step"]["tier3"]["calls"] == 3
    assert deep["degraded"] == {}
    shallow = measured("--no-deep")
    assert shallow["overall"]["confusion"]["tp"] == 0
    assert set(shallow["reached"]) == {"0", "1"}
    assert set(shallow["latency"]["by_step"]) == {"engine"}


def test_a_scan_counts_what_was_not_finished(shipped) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    got = CliRunner().invoke(app, ["scan", "broken", "broken it is", "a day", "--format", "json"])
    (missed,) = json.loads(got.stdout)["summary"]["missed"]
    assert (missed["check"], missed["texts"]) == ("tier3.encoder", 2)
    assert "tier3.encoder did not finish 2 texts" in got.stderr


def test_a_scan_without_the_extra_says_so(shipped, monkeypatch) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    got = CliRunner().invoke(app, ["scan", "a quiet alarm"])
    assert got.exit_code == 0
    assert LINE in " ".join(got.stderr.split())
    quiet = CliRunner().invoke(app, ["scan", "a quiet alarm", "--no-deep"])
    assert quiet.stderr == ""


def _doctor() -> dict[str, dict[str, str]]:
    body = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    return {check["name"]: check for check in body["checks"]}


def test_the_doctor_knows_the_deep_model(shipped, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    check = _doctor()["deep model"]
    assert check["state"] == "ok"
    assert check["detail"].startswith("tiny, ")
    (shipped / "tier3.onnx").write_bytes(b"damaged")
    _forget()
    for _ in range(2):
        check = _doctor()["deep model"]
        assert "tier3.onnx" in check["detail"]
        assert check["state"] == "problem"
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    _forget()
    check = _doctor()["deep model"]
    assert (check["state"], check["remedy"]) == ("note", LINE)


def test_the_doctor_says_where_there_is_none(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(deep, "shipped_folder", lambda: tmp_path)
    check = _doctor()["deep model"]
    assert check["state"] == "note"
    assert "aidefence[deep]" in check["remedy"]
