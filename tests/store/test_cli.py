"""The command line of whoever owns the machine."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import text
from tests.decided import attack, detection, request
from typer.testing import CliRunner, Result

from aidefence.app.parts.store import Store
from aidefence.delivery.cli.main import app
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction
from aidefence.domain.enums import Action


def _run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def test_the_store_is_looked_after(store: Store, config: Path) -> None:
    store.log.record_all([(request(), attack()) for _ in range(3)])
    told = json.loads(_run(config, "db", "status", "--json").stdout)
    assert told["shape"]["found"] == told["shape"]["wanted"]
    assert told["counts"]["episodes"] == 0
    assert told["journalBytes"] > 0
    store.folding.fold()
    shown = _run(config, "db", "status")
    assert (shown.exit_code, "3 episodes" in shown.stdout) == (0, True)
    assert "is up to date" in _run(config, "db", "upgrade").stdout
    assert json.loads(_run(config, "db", "purge", "--json").stdout)["episodes"] == 0


def test_an_empty_store_is_upgraded(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    assert _run(config, "db", "status").exit_code == 1
    told = json.loads(_run(config, "db", "upgrade", "--json").stdout)
    assert told["from"] is None
    assert _run(config, "db", "status").exit_code == 0
    [record] = json.loads(_run(config, "audit", "list", "--json").stdout)
    assert record["action"] == "store.upgraded"


def test_a_store_that_is_none_is_told(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    (tmp_path / "aidefence.db").write_bytes(b"no database" * 1000)
    for command in (("db", "status"), ("db", "upgrade"), ("audit", "verify"), ("review", "list")):
        told = _run(config, *command)
        assert told.exit_code == 2
        assert "not a database" in " ".join(told.stderr.split())


def test_the_audit_log_is_read_checked_and_exported(
    store: Store, config: Path, tmp_path: Path
) -> None:
    for at in range(4):
        store.audit.note(LOCAL, AuditAction.FLAG_CHANGED, f"flag-{at}", on=True)
    store.audit.note(LOCAL, AuditAction.KILL_THROWN, "all\x1b[31m")
    report = json.loads(_run(config, "audit", "verify", "--json").stdout)
    assert report["intact"]
    listed = _run(config, "audit", "list", "--action", "kill.thrown")
    assert "\\x1b" in listed.stdout
    assert "flag-1" not in listed.stdout
    output = tmp_path / "audit.jsonl"
    assert _run(config, "audit", "export", "-o", str(output)).exit_code == 0
    records = [json.loads(line) for line in output.read_text().splitlines()]
    assert [it["number"] for it in records] == [1, 2, 3, 4, 5, 6]
    assert records[4]["hash"] == report["head"]
    assert _run(config, "audit", "verify", "--head", report["head"]).exit_code == 0

    with store.database.change() as connection:
        connection.execute(text("DELETE FROM audit WHERE number = 3"))
    found = _run(config, "audit", "verify")
    assert found.exit_code == 1
    assert "record 4: record 3 before it is gone" in found.stdout


def test_cases_are_settled(store: Store, config: Path) -> None:
    store.log.record(request(), detection(Action.REVIEW))
    store.folding.fold()
    [case] = json.loads(_run(config, "review", "list", "--json").stdout)
    name = case["id"]
    assert "1 open, 0 claimed" in _run(config, "review", "list").stdout
    assert _run(config, "review", "approve", name).exit_code == 2
    claimed = json.loads(_run(config, "review", "claim", name, "--as", "ann").stdout)
    assert claimed["claimedBy"] == "ann"
    refused = _run(config, "review", "reject", name, "--as", "ben")
    assert (refused.exit_code, "with `ann`" in " ".join(refused.stderr.split())) == (2, True)
    _run(config, "review", "comment", name, "a joke", "--as", "ben")
    _run(config, "review", "release", name, "--as", "ann")
    _run(config, "review", "claim", name, "--as", "ben")
    settled = json.loads(_run(config, "review", "reject", name, "--as", "ben", "-m", "no").stdout)
    assert (settled["state"], settled["settledBy"]) == ("rejected", "ben")
    assert json.loads(_run(config, "review", "show", name).stdout) == settled
    assert [it["text"] for it in settled["comments"]] == ["a joke", "no"]
    assert json.loads(_run(config, "review", "list", "--json").stdout) == []
    assert _run(config, "review", "show", "rev_none").exit_code == 2
    assert _run(config, "review", "show", name, "--tenant", "others").exit_code == 2
