"""Time calls one by one and in bulk. The clock is handed in; the answers are checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Clock: TypeAlias = Callable[[], int]
"""A monotonic clock in nanoseconds."""

_WARM_UP_PART = 5
"""One in so many calls is made beforehand and does not count."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long single calls took, the clock's own cost taken off."""

    calls: int
    p50_ns: float
    p90_ns: float
    p99_ns: float
    p999_ns: float
    mean_ns: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """Texts and bytes a second: the median round, the slowest and the fastest."""

    rounds: int
    texts: int
    bytes: int
    median_ns: float
    worst_ns: float
    best_ns: float

    @property
    def texts_per_second(self) -> float:
        """Texts a second in the median round."""
        return self.texts * 1e9 / self.median_ns

    @property
    def bytes_per_second(self) -> float:
        """Bytes a second in the median round."""
        return self.bytes * 1e9 / self.median_ns


def time_calls(
    call: Callable[[str], object], texts: Sequence[str], *, calls: int, now_ns: Clock
) -> Latency:
    """Time `calls` single calls over `texts` in turn."""
    count = len(texts)
    for at in range(calls // _WARM_UP_PART):
        call(texts[at % count])
    taken = np.empty(calls, dtype=np.int64)
    for at in range(calls):
        text = texts[at % count]
        start = now_ns()
        call(text)
        taken[at] = now_ns() - start
    taken = np.maximum(taken - _clock_cost(now_ns), 0)
    p50, p90, p99, p999 = np.percentile(taken, (50, 90, 99, 99.9))
    return Latency(calls, float(p50), float(p90), float(p99), float(p999), float(taken.mean()))


def time_rounds(
    run: Callable[[Sequence[str]], object], texts: Sequence[str], *, rounds: int, now_ns: Clock
) -> Throughput:
    """Time `rounds` runs over all `texts` at once, after one that does not count."""
    run(texts)
    taken: list[int] = []
    for _ in range(rounds):
        start = now_ns()
        run(texts)
        taken.append(now_ns() - start)
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    median = float(np.median(taken))
    return Throughput(rounds, len(texts), size, median, float(max(taken)), float(min(taken)))


def _clock_cost(now_ns: Clock) -> int:
    costs = np.empty(1000, dtype=np.int64)
    for at in range(costs.size):
        start = now_ns()
        costs[at] = now_ns() - start
    return int(np.median(costs))
