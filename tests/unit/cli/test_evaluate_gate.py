"""`eval --baseline`: what dropped beyond chance turns the exit code to 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

Run = Callable[..., Result]
CAUGHT, MISSED = "the passphrase is quuxzebra", "nothing that anybody would catch"


@pytest.fixture
def run(own_rules: Path, tmp_path: Path) -> Run:
    def run(caught: dict[str, int], *arguments: str, attacks: int = 200) -> Result:
        """Evaluate on sources of which so many attacks are caught, and as many benign texts."""
        rows = []
        for source, hits in caught.items():
            rows += [
                {"text": f"{CAUGHT if n < hits else MISSED} {source} {n}", "label": "attack"}
                for n in range(attacks)
            ]
            rows += [{"text": f"calm {source} {n}", "label": "benign"} for n in range(attacks)]
            for row in rows[-2 * attacks :]:
                row["source"] = source
        data = tmp_path / "data.jsonl"
        data.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        options = ["--rules", str(own_rules), "--categories", "secret", "--latency-calls", "0"]
        return CliRunner().invoke(app, ["eval", str(data), *options, *arguments])

    return run


@pytest.fixture
def baseline(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    got = run({"mail": 180, "chat": 180}, "--json")
    assert got.exit_code == 0, got.output
    path.write_text(got.stdout, "utf-8")
    return path


def test_nothing_dropped_leaves_with_zero(run: Run, baseline: Path) -> None:
    got = run({"mail": 180, "chat": 180}, "--baseline", str(baseline))
    assert got.exit_code == 0, got.output
    assert "0 dropped, 0 within noise" in got.stdout
    assert "not the same" not in got.stdout
    better = run({"mail": 190, "chat": 200}, "--baseline", str(baseline), "--max-drop", "0")
    assert better.exit_code == 0
    assert "the data are not the same" in better.stdout


def test_a_source_that_drops_leaves_with_one_and_is_named(run: Run, baseline: Path) -> None:
    got = run({"mail": 120, "chat": 180}, "--baseline", str(baseline), "--metric", "recall")
    assert got.exit_code == 1, got.output
    lines = [line for line in got.stdout.splitlines() if line.startswith("dropped")]
    assert any("source: mail" in line and "0.3000" in line for line in lines)
    assert any("overall: all" in line and "0.1500" in line for line in lines)
    assert not any("chat" in line for line in lines)


def test_with_json_the_table_goes_to_standard_error(run: Run, baseline: Path) -> None:
    got = run({"mail": 120, "chat": 180}, "--baseline", str(baseline), "--json")
    assert got.exit_code == 1
    gate = json.loads(got.stdout)["gate"]
    assert gate["counts"]["dropped"] == sum(it["status"] == "dropped" for it in gate["changes"])
    (mail,) = [it for it in gate["changes"] if (it["name"], it["metric"]) == ("mail", "recall")]
    assert mail["then"]["value"] - mail["now"]["value"] == pytest.approx(mail["drop"])
    assert 0 < mail["drop_low"] < mail["drop"]
    assert "source: mail" in got.stderr


def test_what_may_be_chance_counts_only_when_strict(run: Run, baseline: Path) -> None:
    options = ("--baseline", str(baseline), "--metric", "recall")
    slightly = {"mail": 174, "chat": 174}
    lenient = run(slightly, *options)
    assert lenient.exit_code == 0, lenient.output
    assert "within noise" in lenient.stdout
    assert run(slightly, *options, "--strict").exit_code == 1
    assert run(slightly, *options, "--strict", "--max-drop", "0.05").exit_code == 0


def test_more_false_alarms_are_a_drop(run: Run, baseline: Path) -> None:
    body = json.loads(baseline.read_text("utf-8"))
    data = run({"mail": 180, "chat": 180}, "--baseline", str(baseline), "--threshold", "0")
    assert data.exit_code == 1
    assert any("fpr" in line for line in data.stdout.splitlines() if line.startswith("dropped")), (
        data.stdout
    )
    assert body["overall"]["fpr"]["value"] == 0.0


def test_small_groups_are_counted_not_compared(run: Run, baseline: Path) -> None:
    options = ("--baseline", str(baseline), "--metric", "recall")
    got = run({"mail": 0, "chat": 180}, *options, "--min-texts", "300")
    # Two sources and one category hold fewer; overall is always compared.
    assert "4 with fewer than 300 texts" not in got.stdout
    assert got.exit_code == 1
    lines = [line for line in got.stdout.splitlines() if line.startswith("dropped")]
    assert not any("source:" in line for line in lines)


def test_a_group_that_is_gone_cannot_pass(run: Run, baseline: Path) -> None:
    got = run({"mail": 180}, "--baseline", str(baseline))
    assert got.exit_code == 2
    assert any(
        line.startswith("missing") and "source: chat" in line for line in got.stdout.splitlines()
    )


def test_another_working_point_is_refused(run: Run, baseline: Path) -> None:
    got = run({"mail": 180, "chat": 180}, "--baseline", str(baseline), "--profile", "strict")
    assert got.exit_code == 2
    assert "made with profile `balanced`, but this report with `strict`" in got.stderr


def _set(body: Any, path: str, value: object) -> None:
    *steps, last = path.split("/")
    for step in steps:
        body = body[step]
    body[last] = value


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("kind", "other", "not a report"),
        ("schema", 99, "schema `99`, expected `1`"),
        ("settings", [], "`settings` is missing or not an object"),
        ("by/source", 3, "`source` is missing or not an object"),
        ("overall/recall/value", float("nan"), "overall `all`, recall: value, low and high"),
        ("overall/recall/low", 0.99, "the value is not inside its interval"),
        ("overall/recall/n", "many", "no count of texts"),
        ("by/source/mail/auc_against_all", "high", "source `mail`, auc: not an object"),
    ],
)
def test_a_damaged_baseline_is_named(
    run: Run, baseline: Path, path: str, value: object, reason: str
) -> None:
    body = json.loads(baseline.read_text("utf-8"))
    _set(body, path, value)
    baseline.write_text(json.dumps(body), "utf-8")
    got = run({"mail": 1, "chat": 1}, "--baseline", str(baseline), attacks=2)
    assert got.exit_code == 2
    assert reason in got.stderr
    assert str(baseline) in got.stderr


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_report_is_refused(run: Run, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    for wrong in (path, tmp_path / "gone.json"):
        got = run({"mail": 1}, "--baseline", str(wrong), attacks=2)
        assert got.exit_code == 2
        assert str(wrong) in got.stderr
        assert "Traceback" not in got.output


def test_the_page_shows_the_gate(run: Run, baseline: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    got = run({"mail": 120, "chat": 180}, "--baseline", str(baseline), "--html", str(page))
    assert got.exit_code == 1
    assert "Against the baseline" in page.read_text("utf-8")
