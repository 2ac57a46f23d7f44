"""`eval` as a process: closed pipes, narrow encodings, memory that does not grow with texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EVAL = [sys.executable, "-m", "aidefence.delivery.cli", "eval"]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("eval") / "labelled.jsonl"
    records = [
        {
            "text": f"what time does the museum open, {n}?",
            "label": "attack" if n % 2 else "benign",
            "source": f"größe {n}",
        }
        for n in range(2000)
    ]
    file.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return file


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_closed_pipe_is_not_a_drop(labelled: Path, options: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        got = subprocess.run(
            [*EVAL, str(labelled), *options],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (got.returncode, got.stderr) == (141, b"")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_narrow_encoding_does_not_break_the_report(labelled: Path, options: list[str]) -> None:
    got = subprocess.run(
        [*EVAL, str(labelled), *options],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (got.returncode, got.stderr) == (0, b"")
    if options:
        assert "größe 7" in json.loads(got.stdout.decode())["by"]["source"]
    else:
        assert got.stdout.isascii()
