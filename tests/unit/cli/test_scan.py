"""`scan`: what it reads, what it writes, how it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

FOUND = "Hello,\nthe passphrase is quuxzebra!"
CLEAN = "What time does the museum open on Sundays?"

Scan = Callable[..., Result]


def test_clean_texts_leave_with_zero(scan: Scan) -> None:
    got = scan(CLEAN)
    assert got.exit_code == 0
    assert "argument 1  allow  clean" in got.stdout
    assert "1 texts: 1 allow" in got.stdout


def test_found_texts_leave_with_one_and_show_the_evidence(scan: Scan) -> None:
    got = scan(CLEAN, FOUND)
    assert got.exit_code == 1
    assert "argument 2  block  secret  critical" in got.stdout
    assert "Hello,⏎the ⟦passphrase⟧ is ⟦quuxzebra⟧!" in got.stdout
    assert "test-zebra  2:5-2:27  secret" in got.stdout


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        *(("flag", 1), ("review", 1), ("block", 1), ("low", 1), ("high", 1), ("critical", 1)),
        ("never", 0),
    ],
)
def test_fail_on(scan: Scan, fail_on: str, code: int) -> None:
    assert scan(FOUND, "--fail-on", fail_on).exit_code == code
    assert scan(CLEAN, "--fail-on", fail_on).exit_code == 0


def test_observing_flags_but_does_not_block(scan: Scan) -> None:
    got = scan(FOUND, "--profile", "observe", "--fail-on", "block")
    assert got.exit_code == 0
    assert "flag (observed only)" in got.stdout


def test_rules_can_be_switched_off(scan: Scan) -> None:
    assert scan(FOUND, "--exclude-rule", "test-*").exit_code == 0
    assert scan(FOUND, "--exclude-rule", "test-*@tool").exit_code == 1
    assert scan(FOUND, "--exclude-rule", "test-*@tool", "--origin", "tool").exit_code == 0


def test_standard_input_is_one_text_or_many(scan: Scan) -> None:
    assert "1 texts" in scan("-", stdin=FOUND).stdout
    by_line = scan("-", "--input", "lines", stdin=f"{CLEAN}\nthe passphrase is quuxzebra\n")
    assert "stdin:2  block" in by_line.stdout
    records = json.dumps({"id": "r1", "text": FOUND})
    assert "stdin:1 (r1)  block" in scan("-", "--input", "jsonl", stdin=records).stdout


def test_a_missing_file_is_told_and_the_rest_is_scanned(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text(FOUND)
    got = scan("-f", str(tmp_path / "gone.txt"), "-f", str(tmp_path / "there.txt"))
    assert got.exit_code == 2
    assert "gone.txt: cannot be read: no such file or directory" in got.stderr
    assert "there.txt  block" in got.stdout
    assert "1 not checked" in got.stdout


def test_quiet_leaves_only_the_code(scan: Scan) -> None:
    got = scan(FOUND, "--quiet")
    assert (got.exit_code, got.stdout, got.stderr) == (1, "", "")


def test_jsonl_has_one_object_a_text(scan: Scan) -> None:
    got = scan(CLEAN, FOUND, "--format", "jsonl")
    clean, found = map(json.loads, got.stdout.splitlines())
    assert (clean["action"], clean["verdict"]["category"], clean["found"]) == ("allow", None, False)
    assert found["verdict"]["category"] == "secret"
    finding = next(one for one in found["findings"] if one["rule"] == "test-zebra")
    assert FOUND[finding["start"] : finding["end"]] == "passphrase is quuxzebra"
    assert (finding["line"], finding["column"]) == (2, 5)
    assert "CWE-798" in finding["taxonomy"]
    # Inspected text is not passed on unless asked for.
    assert "quuxzebra" not in got.stdout
    assert "quuxzebra" in scan(FOUND, "--format", "jsonl", "--with-text").stdout


def test_json_is_one_document(scan: Scan, tmp_path: Path) -> None:
    empty = json.loads(scan("-f", str(tmp_path), "--include", "*.none", "--format", "json").stdout)
    assert (empty["results"], empty["summary"]["texts"]) == ([], 0)
    got = scan(CLEAN, FOUND, "-f", str(tmp_path / "gone"), "--format", "json")
    body = json.loads(got.stdout)
    assert [one["action"] for one in body["results"]] == ["allow", "block"]
    assert body["notices"][0]["error"] is True
    assert body["summary"]["exit_code"] == got.exit_code == 2


def test_output_appears_whole(scan: Scan, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    got = scan(FOUND, "--format", "json", "-o", str(target))
    assert (got.exit_code, got.stdout) == (1, "")
    assert json.loads(target.read_text())["summary"]["found"] == 1
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []
    nowhere = scan(FOUND, "--format", "json", "-o", str(tmp_path / "no" / "out.json"))
    assert nowhere.exit_code == 2
    assert "cannot write" in nowhere.stderr


def test_texts_that_were_not_read_to_the_end_are_counted(scan: Scan, tangled: str) -> None:
    got = scan(CLEAN, tangled)
    assert "· 1 cut short" in got.stdout
    assert "tier0.decode stopped early in 1 texts: a limit on decoded text" in got.stderr
    assert "cut short" not in scan(CLEAN).stdout
    assert json.loads(scan(tangled, "--format", "json").stdout)["summary"]["cut_short"] == 1
    (run,) = json.loads(scan(tangled, "--format", "sarif").stdout)["runs"]
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert "cut-short" in [one["descriptor"]["id"] for one in told]


@pytest.mark.parametrize("form", ["human", "json", "jsonl", "sarif"])
def test_no_format_lets_escapes_through(scan: Scan, tmp_path: Path, form: str) -> None:
    hostile = "\x1b[2J\x9b31m\x07\u202e\u200b the passphrase is quuxzebra \x1b]0;x\x07"
    file = tmp_path / "a\x1b[31m.txt"
    file.write_text(hostile)
    got = scan(hostile, "-f", str(file), "--format", form, "--with-text")
    assert got.exit_code == 1
    assert not set("\x1b\x9b\x07\u202e\u200b\x7f") & set(got.stdout + got.stderr)


def test_undecodable_bytes_are_replaced_and_told(scan: Scan, tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes(b"passphrase \xe9 quuxzebra")
    got = scan("-f", str(file))
    assert got.exit_code == 1
    assert "undecodable bytes were replaced: first at byte 11" in got.stderr


def test_nothing_to_scan_is_a_usage_error(scan: Scan) -> None:
    assert scan().exit_code == 2


def test_wrong_rules_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("id: x\n  oops: [\n")
    got = CliRunner().invoke(app, ["scan", "x", "--rules", str(tmp_path)])
    assert got.exit_code == 2
    assert f"{tmp_path}/bad.yml:" in got.stderr


def test_many_chunks_count_every_text(scan: Scan, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    lines = [json.dumps({"text": FOUND if n % 1000 == 0 else CLEAN}) for n in range(10_000)]
    file.write_text("\n".join(lines))
    got = scan("-f", str(file), "--format", "jsonl", "--threads", "2")
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    assert [row["line"] for row in rows if row["found"]] == list(range(1, 10_001, 1000))
    assert len(rows) == 10_000


def test_parquet_without_the_extra_says_how_to_get_it(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    got = scan("-f", str(tmp_path / "a.parquet"))
    assert got.exit_code == 2
    assert 'pip install "aidefence[arrow]"' in got.stderr
