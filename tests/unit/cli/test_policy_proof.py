"""`aidefence policy prove`, `verify` and `log`: with the real evaluator, checker and key."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from aidefence.delivery.cli import policy_proof
from aidefence.delivery.cli.main import app
from aidefence.delivery.cli.progress import counting
from aidefence.proof.certificates import spelled
from aidefence.proof.merkle import is_included, leaf_hash

POLICY = """policy support version 3
default allow
on error block
rule injected priority 100: block when confidence(prompt_injection) >= 80%
rule calls priority 70: block what breaks at most 3 tool.name is "transfer" in 1 min per user
prove injected: always block when confidence(prompt_injection) >= 85%
prove calls: at most 3 tool.name is "transfer" in 1 min per user
"""
FALSE = "prove never: never allow when taint.private\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIDEFENCE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "support.pdl").write_text(POLICY)
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["policy", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_what_is_proved_is_certified_logged_and_checked_again(folder: Path) -> None:
    told = run("prove", "support.pdl", "-o", "cert.json", "--delta", "delta.ndjson")
    assert "2 of 2 proved" in told
    assert (folder / "delta.ndjson").stat().st_size > 1000
    told = run("verify", "cert.json", "support.pdl", "--delta", "delta.ndjson")
    assert "it holds until" in told
    assert "1 certificates: intact" in run("log", "check")
    shown = json.loads(run("log", "inclusion", "cert.json"))
    nodes = [bytes.fromhex(it) for it in shown["proof"]]
    leaf, root = leaf_hash(spelled(shown["entry"])), bytes.fromhex(shown["head"]["root"])
    assert is_included(leaf, shown["index"], shown["head"]["size"], nodes, root)
    run("prove", "support.pdl")
    grown = json.loads(run("log", "consistency", "1"))
    assert (grown["earlier"]["size"], grown["later"]["size"]) == (1, 2)
    assert len(json.loads(run("log", "list", "--json"))) == 2


def test_what_is_false_is_answered_with_a_request(folder: Path) -> None:
    (folder / "support.pdl").write_text(POLICY + FALSE)
    told = run("prove", "support.pdl", "-o", "cert.json", code=1)
    assert "refuted    never: never allow when taint.private" in told
    assert "taint.private is true: allow by default" in told
    body = json.loads(run("verify", "cert.json", "support.pdl", "--json", code=1))
    assert (body["valid"], body["complete"]) == (True, False)
    assert body["others"] == {"never": "refuted"}
    assert sorted(body["proved"]) == ["calls", "injected"]


def test_another_policy_other_claims_and_another_key_are_not_what_was_certified(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("prove", "support.pdl", "-o", "cert.json")
    (folder / "other.pdl").write_text(POLICY.replace("80%", "81%"))
    assert "it is about another policy" in run("verify", "cert.json", "other.pdl", code=1)
    (folder / "more.pdl").write_text(POLICY.replace("85%", "82%"))
    assert "missing    injected" in run("verify", "cert.json", "more.pdl", code=1)
    monkeypatch.setenv("AIDEFENCE_STATE_DIR", str(folder / "elsewhere"))
    told = run("verify", "cert.json", "support.pdl", code=1)
    assert "signed by a key that is not known here" in told
    run("verify", "cert.json", "support.pdl", "--key", "state/audit.pub")


def test_policies_are_compared(folder: Path) -> None:
    (folder / "old.pdl").write_text(POLICY.replace("80%", "90%"))
    (folder / "support.pdl").write_text(POLICY + 'prove newer: allows no more than "old"\n')
    assert "3 of 3 proved" in run("prove", "support.pdl", "--against", "old=old.pdl")
    told = run("prove", "support.pdl", code=1)
    assert "the policy `old` that it is compared with was not given" in told


@pytest.mark.parametrize(
    ("text", "arguments", "reason"),
    [
        (POLICY.split("prove", maxsplit=1)[0], (), "claims nothing"),
        ("policy x", (), "default"),
        (POLICY, ("--against", "old"), "is not NAME=FILE"),
        (POLICY, ("-o", "nowhere/cert.json"), "cannot write"),
    ],
)
def test_what_cannot_be_tried_is_said(
    folder: Path, text: str, arguments: tuple[str, ...], reason: str
) -> None:
    (folder / "support.pdl").write_text(text)
    result = CliRunner().invoke(app, ["policy", "prove", "support.pdl", *arguments])
    assert result.exit_code == 2
    assert reason in result.output + result.stderr


def test_what_is_no_certificate_is_refused(folder: Path) -> None:
    (folder / "cert.json").write_text("{}")
    run("verify", "cert.json", "support.pdl", code=2)
    run("verify", "nothing.json", "support.pdl", code=2)


def test_files_that_are_too_large_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "cert.json").write_bytes(b"x" * 200)
    monkeypatch.setattr(policy_proof, "_BYTES_MAX", 100)
    for arguments in (("log", "inclusion", "cert.json"), ("verify", "cert.json", "support.pdl")):
        result = CliRunner().invoke(app, ["policy", *arguments])
        assert result.exit_code == 2
        assert "`cert.json` has more than 100 bytes" in result.stderr


def test_an_interrupted_certificate_is_not_there_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path, __: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    result = CliRunner().invoke(app, ["policy", "prove", "support.pdl", "-o", "cert.json"])
    assert result.exit_code != 0
    assert [it.name for it in folder.iterdir() if "cert" in it.name] == []


def test_claims_are_counted_on_a_terminal_only(folder: Path) -> None:
    shown, kept = StringIO(), StringIO()
    for stream, enabled in ((shown, True), (kept, False)):
        terminal = Console(file=stream, force_terminal=True, width=80)
        with counting(terminal, "proving", 2, enabled=enabled) as done:
            done()
            done()
    assert "proving" in shown.getvalue()
    assert "2/2" in shown.getvalue()
    assert kept.getvalue() == ""
    result = CliRunner().invoke(app, ["policy", "prove", "support.pdl"])
    assert "proving" not in result.output + result.stderr
    assert folder.exists()


_LOADED = """
import sys
from aidefence.delivery.cli import main
sys.argv = ["aidefence", "policy", "verify", "cert.json", "support.pdl", "-c", "config.toml"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules)
"""


def test_to_check_a_certificate_takes_no_more_than_it_needs(folder: Path) -> None:
    run("prove", "support.pdl", "-o", "cert.json")
    (folder / "config.toml").write_text(f'state_dir = "{folder / "state"}"\n')
    done = subprocess.run(
        [sys.executable, "-c", _LOADED],
        cwd=folder,
        env={name: it for name, it in os.environ.items() if not name.startswith("AIDEFENCE_")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "it holds until" in done.stdout
    heavy = {"numpy", "pydantic_settings", "asyncio", "httpx", "granian", "rich.progress"}
    assert not heavy & set(done.stdout.split())
