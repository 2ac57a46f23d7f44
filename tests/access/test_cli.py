"""`aidefence keys`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDEFENCE_STATE_DIR", str(tmp_path / "state"))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments])


def test_a_key_is_written_alone_so_that_it_can_be_piped() -> None:
    made = _run("create", "shop", "--plan", "pro", "--tenant", "acme", "--days", "30")
    assert made.exit_code == 0
    [line] = made.stdout.splitlines()
    assert line.startswith("aidk_")
    assert "not shown again" in made.stderr
    listed = _run("list")
    assert line not in listed.stdout
    assert line[:15] in listed.stdout
    assert "acme" in listed.stdout
    assert "active until" in listed.stdout


def test_everything_can_be_had_as_json() -> None:
    made = json.loads(_run("create", "a", "--permission", "detect", "--json").stdout)
    assert made["permissions"] == ["detect"]
    rotated = json.loads(_run("rotate", made["prefix"], "--overlap-hours", "1", "--json").stdout)
    assert rotated["key"] != made["key"]
    assert rotated["previousUntil"] - rotated["rotatedAt"] == 3_600_000
    assert _run("revoke", made["id"]).exit_code == 0
    [listed] = json.loads(_run("list", "--json").stdout)
    assert listed["revokedAt"] is not None
    assert "key" not in listed
    assert "revoked" in _run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revoke", "nothing"), "no key `nothing`"),
        (("rotate", "nothing"), "no key `nothing`"),
        (("create", ""), "`name`: expected 1 to 128 printable characters"),
        (("create", "x", "--tenant", "A B"), "`tenant`: expected up to 64"),
        (("create", "x", "--days", "0"), "`lifeSeconds`"),
        (("create", "x", "--role", "viewer", "--permission", "detect"), "may not `detect`"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(arguments: tuple[str, ...], said: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_pepper_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    assert _run("create", "x").exit_code == 0
    key_file = tmp_path / "state" / "installation.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    key_file.chmod(0o644)
    result = _run("list")
    assert result.exit_code == 2
    assert "may be read by others: chmod 600" in result.stderr
