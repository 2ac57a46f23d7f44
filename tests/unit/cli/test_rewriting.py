"""`redact` and `neutralize`: filters for pipes, with offsets on demand."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

MAIL = "mail mia.ober@oberlin-bau.io now"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_redact_reads_arguments_and_standard_input() -> None:
    assert run("redact", MAIL).stdout == "mail [EMAIL_ADDRESS] now\n"
    got = run("redact", stdin=f"{MAIL}\n")
    assert (got.exit_code, got.stdout) == (0, "mail [EMAIL_ADDRESS] now\n")


def test_redact_reads_files_by_line(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"{MAIL}\nnothing here\n", "utf-8")
    got = run("redact", "-f", str(path), "--input", "lines")
    assert got.stdout == "mail [EMAIL_ADDRESS] now\nnothing here\n"


def test_redact_writes_offsets() -> None:
    got = json.loads(run("redact", MAIL, "--json", "--operator", "email_address=mask:2").stdout)
    assert got["text"] == "mail ***.****@*******-***.io now"
    change = {"original": [5, 28], "result": [5, 28], "kind": "mask", "entity": "email_address"}
    assert change.items() <= got["changes"][0].items()
    assert got["complete"] is True


def test_redact_with_a_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef\n")
    got = run("redact", MAIL, "--operator", "synthetic", "--key-file", str(key))
    assert "@example." in got.stdout
    assert run("redact", MAIL, "--operator", "hash").exit_code == 2
    assert run("redact", MAIL, "--key-file", str(tmp_path / "none")).exit_code == 2


def test_what_was_not_read_leaves_with_two(tmp_path: Path, tangled: str) -> None:
    assert run("redact", "-f", str(tmp_path / "none")).exit_code == 2
    got = run("redact", tangled)
    assert got.exit_code == 2
    assert "tier0.decode did not finish" in got.stderr


def test_a_slip_in_a_name_is_told() -> None:
    got = run("redact", MAIL, "--entity", "emial")
    assert (got.exit_code, got.stdout) == (2, "")
    assert "no rule finds `emial`" in got.stderr


def test_neutralize_is_a_filter() -> None:
    hidden = "\x1b[31mpass\u200bword ![x](http://e.example/a)"
    got = run("neutralize", stdin=hidden)
    assert (got.exit_code, got.stdout) == (0, "password x (hxxp://e[.]example/a)\n")
    assert run("neutralize", "--no-markup", "[a](http://e.example)").stdout.startswith("[a](http:")
    assert run("neutralize", "--decode", "%69t").stdout == "it\n"
    kept = run("neutralize", "[a](http://ok.example)", "--allow-host", "ok.example")
    assert kept.stdout == "[a](http://ok.example)\n"


def test_neutralize_says_what_to_tell_the_model() -> None:
    got = run("neutralize", "data", "--wrap", "delimit")
    assert "tell the model: The text between" in got.stderr
    told = json.loads(run("neutralize", "data", "--wrap", "encode", "--json").stdout)
    assert (told["text"], "base64" in told["instruction"]) == ("ZGF0YQ==", True)
