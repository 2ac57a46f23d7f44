"""`--dense` and `--no-dense`: insist, leave out, or say plainly what is missing."""

from __future__ import annotations

import json

import pytest
from tests import dense_model
from typer.testing import CliRunner

from aidefence.app import wiring
from aidefence.delivery.cli.main import app


@pytest.fixture
def shipped(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """An installation whose package holds a dense model."""
    path = dense_model.write(tmp_path / "tier2.aidd")
    monkeypatch.setattr("aidefence.knowledge.dense.shipped_file", lambda: path)
    # Guards are kept by their setup: what this one finds must not be what another found.
    wiring._build.cache_clear()
    yield path
    wiring._build.cache_clear()


def test_a_scan_asks_the_dense_model_as_it_is_told(shipped) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    def tiers(*arguments: str) -> list[int]:
        told = ["scan", "a quiet alarm", "--format", "json", "--no-deep", *arguments]
        return list(json.loads(CliRunner().invoke(app, told).stdout)["results"][0]["tiers"])

    assert tiers() == tiers("--dense") == [0, 1, 2]
    assert tiers("--no-dense") == [0, 1]


def test_a_scan_counts_what_was_not_read(shipped) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    told = ["scan", "a quiet word " * 4000, "a day", "--format", "json", "--no-deep"]
    (missed,) = json.loads(CliRunner().invoke(app, told).stdout)["summary"]["missed"]
    assert (missed["check"], missed["texts"]) == ("tier2.dense", 1)


@pytest.mark.parametrize("command", [["scan", "alarm"], ["bench", "--seconds", "0.1"], ["serve"]])
def test_insisting_on_what_is_not_there_is_refused(shipped, command) -> None:  # type: ignore[no-untyped-def]
    shipped.unlink()
    got = CliRunner().invoke(app, [*command, "--dense", "--no-deep"])
    assert got.exit_code == 2
    assert "no dense model" in " ".join(got.stderr.split())


def test_the_doctor_knows_the_dense_model(shipped) -> None:  # type: ignore[no-untyped-def]
    def check() -> tuple[str, str]:
        got = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
        (found,) = [it for it in got["checks"] if it["name"] == "dense model"]
        return found["state"], found["detail"]

    state, detail = check()
    assert state == "ok"
    assert "tiny" in detail
    dense_model.write(shipped, tier1_sha256="0" * 64)
    assert check()[0] == "problem"
    shipped.write_bytes(b"AIDD nothing")
    assert check()[0] == "problem"
    shipped.unlink()
    assert check()[0] == "note"


def test_eval_scores_with_the_dense_model_unless_told_not_to(shipped, tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ARG001
    records = tmp_path / "texts.jsonl"
    rows = [{"text": f"a quiet alarm {at}", "label": "attack"} for at in range(3)]
    rows += [{"text": f"a quiet day {at}", "label": "benign"} for at in range(3)]
    records.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def auc(*arguments: str) -> float:
        told = ["eval", str(records), "--json", "--no-deep", "--latency-calls", "3", *arguments]
        report = json.loads(CliRunner().invoke(app, told).stdout)
        return float(report["overall"]["auc"]["value"])

    assert auc() == 1.0
    assert auc("--no-dense") < 1.0
