"""How long single calls take on the data at hand, apart for each set of tiers that ran."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from aidefence.domain.decision import Decision

TEXT_CHARACTERS_MAX = 65_536

_SEED = 20_270_102
_WARM_UP_CALLS = 50


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Times of single calls, in nanoseconds."""

    calls: int
    median_ns: float
    p99_ns: float
    max_ns: float
    characters_median: float


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Whole calls by the tiers that ran in them, and steps as the decisions tell them."""

    calls: CallTimes
    by_tiers: dict[tuple[int, ...], CallTimes]
    by_step: dict[str, CallTimes]


class Sample:
    """A uniform sample of a stream, always the same for the same stream."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = random.Random(_SEED)  # noqa: S311 - a sample, not a secret
        self._seen = 0
        self.texts: list[str] = []
        self.too_long = 0

    def offer(self, text: str) -> None:
        """Take a text, or not. Very long ones are counted and left out: samples stay small."""
        if self._size < 1:
            return
        if len(text) > TEXT_CHARACTERS_MAX:
            self.too_long += 1
            return
        self._seen += 1
        if len(self.texts) < self._size:
            self.texts.append(text)
            return
        place = self._random.randrange(self._seen)
        if place < self._size:
            self.texts[place] = text


def time_sample(
    texts: list[str], decide: Callable[[str], Decision], now_ns: Callable[[], int]
) -> LatencyReport | None:
    """Time one call for each text, one after the other; none where there are no texts."""
    if not texts:
        return None
    for text in texts[:_WARM_UP_CALLS]:
        decide(text)
    whole: list[tuple[int, int]] = []
    tiers: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for text in texts:
        start = now_ns()
        decision = decide(text)
        row = now_ns() - start, len(text)
        whole.append(row)
        tiers[decision.tiers].append(row)
        for timing in decision.timings:
            steps[timing.step].append((timing.nanoseconds, len(text)))
    return LatencyReport(
        calls=_times(whole),
        by_tiers={key: _times(tiers[key]) for key in sorted(tiers)},
        by_step={key: _times(rows) for key, rows in steps.items()},
    )


def _times(rows: Iterable[tuple[int, int]]) -> CallTimes:
    taken, characters = np.asarray(list(rows), dtype=np.float64).T
    median, p99 = np.percentile(taken, (50, 99))
    return CallTimes(
        calls=taken.size,
        median_ns=float(median),
        p99_ns=float(p99),
        max_ns=float(taken.max()),
        characters_median=float(np.median(characters)),
    )
