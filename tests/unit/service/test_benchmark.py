"""Timing: the clock is handed in, so every number can be foretold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest

from aidefence.service.benchmark import time_calls, time_rounds
from aidefence.service.benchmark_texts import cut, mixed_texts


class SteppingClock:
    """Moves on by one step a reading, and by what work adds."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 10
        return self.now


def test_single_calls_lose_the_clocks_own_cost() -> None:
    clock = SteppingClock()
    costs = count()

    def call(_text: str) -> None:
        clock.now += 1000 if next(costs) % 100 == 99 else 200

    got = time_calls(call, ["a", "b"], calls=1000, now_ns=clock)
    assert (got.calls, got.p50_ns, got.p90_ns) == (1000, 200, 200)
    assert got.p99_ns == pytest.approx(200, abs=10)
    assert got.p999_ns == 1000
    assert got.mean_ns == pytest.approx(208, abs=1)


def test_rounds_report_the_median_and_count_bytes() -> None:
    clock = SteppingClock()
    costs = iter([99_999, 100, 300, 200])

    def run(_texts: Sequence[str]) -> None:
        clock.now += next(costs) - 10

    got = time_rounds(run, ["ab", "é"], rounds=3, now_ns=clock)
    assert (got.rounds, got.texts, got.bytes) == (3, 2, 4)
    assert (got.best_ns, got.median_ns, got.worst_ns) == (100, 200, 300)
    assert got.texts_per_second == pytest.approx(2e9 / 200)
    assert got.bytes_per_second == pytest.approx(4e9 / 200)


@pytest.mark.parametrize("size", [100, 2_000])
def test_the_mix_is_the_same_every_time_and_close_to_its_size(size: int) -> None:
    texts = mixed_texts(size, 500)
    assert texts == mixed_texts(size, 500)
    assert len(set(texts)) > 400
    lengths = [len(text.encode()) for text in texts]
    assert max(lengths) <= size
    assert min(lengths) >= size - 3


def test_cutting_keeps_characters_whole() -> None:
    assert cut("aé忽🙂", 2) == "a"
    assert cut("aé忽🙂", 3) == "aé"
    assert cut("aé忽🙂", 99) == "aé忽🙂"
