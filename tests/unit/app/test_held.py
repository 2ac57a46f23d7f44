"""Settings on their way to processes that only hold them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.aside import read_aside
from aidefence.domain.errors import ConfigError, SettingError

GIVEN: dict[str, Any] = {
    "profile": "strict",
    "thresholds": {"jailbreak": {"flag": 0.4, "block": 0.8}},
    "exclude": ("pi-0007",),
    "on_error_at": {"rest": "block"},
    "redis_url": "redis://:hidden-word@cache:6379/0",
    "state_dir": "state",
    "store": {"content": "encrypted", "webhook_secret": "hidden-word-of-many-letters"},
    "auth": {"jwt": {"issuer": "i", "audience": ("a",), "jwks": "keys.json"}},
    "proxy": {
        "upstreams": {"main": {"base_url": "http://m", "key": "hidden-word"}},
        "canaries": ("hidden-word",),
    },
    "compat": {"dialects": ("azure",)},
    "log": {"format": "json"},
}


def same(held: Any, read: Any) -> None:
    """Compare all that is held with all that was read."""
    if isinstance(read, BaseModel):
        assert set(vars(held)) == set(type(read).model_fields)
        for name in type(read).model_fields:
            same(getattr(held, name), getattr(read, name))
    elif isinstance(read, SecretStr):
        assert held.get_secret_value() == read.get_secret_value()
    elif isinstance(read, Mapping):
        assert list(held) == list(read)
        for name in read:
            same(held[name], read[name])
    elif isinstance(read, tuple):
        assert len(held) == len(read)
        for one, other in zip(held, read, strict=True):
            same(one, other)
    else:
        assert held == read
        assert type(held) is type(read)


@pytest.mark.parametrize("given", [{}, GIVEN])
def test_all_settings_are_held_as_they_were_read(given: dict[str, Any]) -> None:
    read = Settings.model_validate(given)
    held: Settings = pickle.loads(pickle.dumps(read))
    same(held, read)
    assert held.setup() == read.setup()
    # Once more on its way, as to those who keep house.
    assert pickle.loads(pickle.dumps(held)) == held
    other = Settings.model_validate({**given, "server": {"port": 9}})
    assert pickle.loads(pickle.dumps(other)) != held


def test_what_is_held_stays_as_it_is_and_hides_what_is_secret() -> None:
    held: Any = pickle.loads(pickle.dumps(Settings.model_validate(GIVEN)))
    with pytest.raises(AttributeError, match="stay as they are"):
        held.profile = "observe"
    with pytest.raises(AttributeError, match="stay as they are"):
        held.proxy.enabled = True
    for shown in (held, held.proxy, held.proxy.upstreams, held.store, held.redis_url):
        assert "hidden" not in repr(shown)


def test_whoever_holds_settings_loads_nothing_that_reads_them(tmp_path: Path) -> None:
    """The worker, with its engine and its doors, and the parent that started it."""
    script = """
import pickle, sys
settings = pickle.load(sys.stdin.buffer)
import aidefence.app.worker, aidefence.app.supervising, aidefence.app.housekeeping
from aidefence.app.gateway import open_gateway
open_gateway(settings)
from aidefence.domain.enums import Profile
assert settings.setup().profile is Profile.BALANCED
heavy = {"pydantic", "pydantic_settings", "typer", "rich", "numpy", "httpx", "cryptography", "jwt"}
print(",".join(sorted(heavy & set(sys.modules))))
"""
    settings = Settings.model_validate({"state_dir": tmp_path, "deep": "off"})
    first = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(settings),
        stdout=subprocess.PIPE,
        check=True,
    )
    # The first made the store and its keys; whoever comes later finds them.
    later = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(settings),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert later.stdout.decode().strip() == "", first.stdout


def test_settings_are_read_aside_as_they_are_here(tmp_path: Path) -> None:
    path = tmp_path / "aidefence.toml"
    path.write_text('profile = "strict"\nlists = ["mine.yml"]\n[server]\nport = 9000\n')
    held = read_aside(Sources(path, {"server": {"node": "here"}}, uses_environment=False))
    assert held.profile == "strict"
    assert (held.server.port, held.server.node) == (9000, "here")
    assert held.lists == (tmp_path / "mine.yml",)


def test_what_is_wrong_is_told_as_it_is_here(tmp_path: Path) -> None:
    path = tmp_path / "aidefence.toml"
    path.write_text("[server]\nprot = 1\n")
    with pytest.raises(SettingError, match=r"aidefence\.toml:2: setting `server\.prot`"):
        read_aside(Sources(path, uses_environment=False))
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        read_aside(Sources(tmp_path / "missing.toml", uses_environment=False))
