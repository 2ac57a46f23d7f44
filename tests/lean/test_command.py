"""`aidefence policy theorem`: verdicts, exit codes, and a proof that is looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app

_TRUE = "∀ (p : Policy) (r : Request), eval p r ≤ Action.block"
_FALSE = "∀ (p : Policy) (r : Request), eval p r ≤ Action.allow"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["policy", "theorem", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "true.lean").write_text(_TRUE, "utf-8")
    (tmp_path / "false.lean").write_text(_FALSE, "utf-8")
    (tmp_path / "proof.lean").write_text("fun p r => Action.le_block (eval p r)\n", "utf-8")
    return tmp_path


@pytest.mark.usefixtures("runtime")
def test_a_proof_is_mended_and_judged_and_a_false_one_is_not(folder: Path) -> None:
    found = folder / "found.lean"
    (folder / "broken.lean").write_text("by\n  intro p r\n  exact Action.le_blok _\n", "utf-8")
    told = _run(
        folder / "true.lean", folder / "broken.lean", "--repair", "--output", found, "--json"
    )
    assert told.exit_code == 0, told.output
    judged = json.loads(told.stdout)
    assert (judged["verdict"], judged["axioms"]) == ("proved", ["propext"])
    assert found.read_text("utf-8").strip() == judged["proof"]

    told = _run(folder / "false.lean", found)
    assert told.exit_code == 1
    assert told.stdout.startswith("refused")


def test_what_cannot_be_tried_is_said_in_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _run(folder / "true.lean")
    assert (told.exit_code, "--repair" in told.stderr) == (2, True)
    told = _run(folder / "none.lean", folder / "proof.lean")
    assert (told.exit_code, "cannot be read" in told.stderr) == (2, True)
    (folder / "key").write_text("two\nlines", "utf-8")
    model = ("--repair", "--model-url", "http://127.0.0.1:9/v1", "--model-key", folder / "key")
    told = _run(folder / "true.lean", *model)
    assert (told.exit_code, "has to be one line" in " ".join(told.stderr.split())) == (2, True)
    assert "two" not in told.stderr
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    for asked in ((), ("--repair",), ("--repair", "--json")):
        told = _run(folder / "true.lean", folder / "proof.lean", *asked)
        assert (told.exit_code, told.stdout) == (2, "")
        for words in ("not available: no Lean here", "`make lean`", "`lean` 4.28.0"):
            assert words in " ".join(told.stderr.split())
