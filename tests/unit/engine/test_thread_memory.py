"""What a thread keeps of the texts it has judged."""

from __future__ import annotations

import ctypes
import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aidefence import Guard
from aidefence.service.benchmark_texts import mixed_texts

_KEPT_MIB_MAX = 12
"""Judging them takes more than twenty; what is known of their words may stay."""


@pytest.fixture(scope="module")
def guard() -> Guard:
    # The deep model has a memory of its own.
    return Guard(deep="off")


def test_what_a_long_text_needed_is_given_back(guard: Guard) -> None:
    (text,) = mixed_texts(900_000, 1)
    with ThreadPoolExecutor(1) as thread:
        before = thread.submit(guard.inspect, text[:1000]).result(), _resident_mib()
        after = thread.submit(guard.inspect, text).result(), _resident_mib()
        # The thread is still there, and so is what it keeps.
        assert after[1] - before[1] < _KEPT_MIB_MAX


def test_a_text_is_judged_alike_after_a_long_one(guard: Guard) -> None:
    short, long = mixed_texts(2000, 20), mixed_texts(100_000, 2)
    fresh = [guard.inspect(text) for text in short]
    for text in long:
        guard.inspect(text)
    assert [guard.inspect(text) for text in short] == fresh


def _resident_mib() -> float:
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, AttributeError):
        pytest.skip("nobody tells here how much memory is held")
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)
