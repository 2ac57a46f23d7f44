"""One Lean for all tests of a run: it costs 20 seconds and 1.3 GB to start."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aidefence.adapters.lean.process import LeanProcess, Runtime, find
from aidefence.knowledge import theory


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    found = find()
    if found is None and "CI" in os.environ:
        pytest.fail("no Lean: .ci/run fetches it with `make lean`")
    if found is None:
        pytest.skip("no Lean here: `make lean` fetches it")
    return found


@pytest.fixture(scope="session")
def prover(runtime: Runtime) -> Iterator[LeanProcess]:
    texts = theory.load().texts()
    process = LeanProcess(runtime, theory=tuple(texts.values()))
    yield process
    process.close()
