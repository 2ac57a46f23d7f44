"""`eval` keeps texts out of its reports, and says what is wrong with its input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

SECRET = "the passphrase is quuxzebra \u202e<b>&\ud800"
HIDDEN_MISS = "nothing to see, marzipan"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    records = [
        {"id": "alarm-1", "text": SECRET, "label": "benign", "source": "<script>\u202e"},
        {"id": "miss-1", "text": HIDDEN_MISS, "label": "attack", "lang": "en"},
        {"text": "a calm text", "label": "benign"},
    ]
    file = tmp_path / "labelled.jsonl"
    file.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return file


def _eval(own_rules: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["eval", "--rules", str(own_rules), "--categories", "secret", *arguments]
    )


def test_no_text_is_in_a_report_unless_asked(
    own_rules: Path, labelled: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    for options in (["--json"], []):
        got = _eval(own_rules, str(labelled), "--html", str(page), *options)
        assert got.exit_code == 0, got.output
        for report in (got.output, page.read_text("utf-8")):
            assert "alarm-1" in report
            assert "miss-1" in report
            assert "quuxzebra" not in report
            assert "marzipan" not in report
            assert "test-zebra" in report
            assert "\u202e" not in report


def test_texts_are_shown_when_asked_and_steer_nothing(
    own_rules: Path, labelled: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    options = ["--show-texts", "--html", str(page)]
    got = _eval(own_rules, str(labelled), *options)
    assert got.exit_code == 0, got.output
    assert HIDDEN_MISS in got.stdout
    written = page.read_text("utf-8")
    assert "quuxzebra \\u202e&lt;b&gt;&amp;\\ud800" in written
    assert "<script" not in written
    body = json.loads(_eval(own_rules, str(labelled), *options, "--json").stdout)
    assert body["worst"]["misses"][0]["text"] == HIDDEN_MISS
    (alarm,) = body["worst"]["false_alarms"]
    assert (alarm["id"], alarm["where"]) == ("alarm-1", f"{labelled}:1")
    assert alarm["findings"][0]["rule"] == "test-zebra"
    assert alarm["confidences"]["secret"] == pytest.approx(alarm["score"])


@pytest.mark.parametrize("label", ["attack", "benign"])
def test_one_class_is_measured_as_far_as_it_goes(
    own_rules: Path, tmp_path: Path, label: str
) -> None:
    file, page = tmp_path / "one.jsonl", tmp_path / "one.html"
    file.write_text(json.dumps({"text": "x", "label": label}), "utf-8")
    for options in ([], ["--json"], ["--html", str(page)]):
        assert _eval(own_rules, str(file), *options).exit_code == 0
    body = json.loads(_eval(own_rules, str(file), "--json").stdout)
    assert (body["overall"]["n"], body["overall"]["auc"]) == (1, None)


def test_a_wrong_line_is_told_by_file_and_line(own_rules: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text('{"text": "x", "label": "benign"}\n')
    bad.write_bytes(b'{"text": "x", "label": "benign"}\n\n{"text": "\xff", "label": "attack"}\n')
    got = _eval(own_rules, str(good), str(bad))
    assert got.exit_code == 2
    assert f"{bad}:3: not JSON" in got.stderr
    assert "Traceback" not in got.output


@pytest.mark.parametrize(
    "options",
    [
        ["--threshold", "nan"],
        ["--threshold", "1.5"],
        ["--max-drop", "nan"],
        ["--metric", "luck"],
        ["--worst", "-1"],
        ["--html", "no-such-folder/page.html"],
    ],
)
def test_wrong_options_leave_with_two(own_rules: Path, labelled: Path, options: list[str]) -> None:
    got = _eval(own_rules, str(labelled), *options)
    assert got.exit_code == 2
    assert "Traceback" not in got.output
