"""What ends a request: what it worked, not what else the machine does; a process that rests."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from aidefence.adapters.lean.process import LeanProcess, Runtime
from aidefence.ports.prover import ProverTimeoutError

_PROGRAM = """
import json, sys, time
print('{"id":0}', flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("text") == "work":
        while True: pass
    if asked.get("text") == "rest":
        time.sleep(60)
    if asked.get("text") == "wait":
        for _ in range(6):  # as if others had the machine: little work, much time
            time.sleep(0.4)
            end = time.process_time() + 0.05
            while time.process_time() < end: pass
    print(json.dumps({"id": asked["id"], "errors": False}), flush=True)
"""


@pytest.fixture
def lean(tmp_path: Path) -> LeanProcess:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM, "utf-8")
    runtime = Runtime("double", (sys.executable, str(program)), {"PATH": os.defpath}, tmp_path)
    return LeanProcess(runtime, seconds=1.0)


@pytest.mark.parametrize("text", ["work", "rest"])
def test_a_request_that_works_or_rests_too_long_is_ended(lean: LeanProcess, text: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ProverTimeoutError, match="in time"):
        lean.check(text)
    assert time.monotonic() - begun < 15
    assert lean.check("").ok
    lean.close()


def test_a_busy_machine_ends_nothing_and_only_work_is_counted(lean: LeanProcess) -> None:
    begun = time.monotonic()
    assert lean.check("wait").ok
    assert time.monotonic() - begun > 2
    assert 0.2 <= lean.worked <= 1
    before = lean.worked
    lean.close()
    assert lean.check("").ok
    # To start it again is nobody's work.
    assert lean.worked - before < 0.2
    lean.close()
