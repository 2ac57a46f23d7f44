"""What happened in the last hour, day, week or month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.enums import Action, Category

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
Series = tuple[tuple[int, float], ...]
"""Pairs of the time at which a step begins, in Unix milliseconds, and its value."""


class Window(StrEnum):
    """How far back one looks."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def span_ms(self) -> int:
        """How long it is."""
        return _SPANS[self][0]

    @property
    def step_ms(self) -> int:
        """How far the points of its series are apart."""
        return _SPANS[self][1]


_SPANS: Mapping[Window, tuple[int, int]] = {
    Window.HOUR: (_HOUR_MS, _MINUTE_MS),
    Window.DAY: (24 * _HOUR_MS, 10 * _MINUTE_MS),
    Window.WEEK: (7 * 24 * _HOUR_MS, _HOUR_MS),
    Window.MONTH: (30 * 24 * _HOUR_MS, 6 * _HOUR_MS),
}


@dataclass(frozen=True, slots=True)
class Throughput:
    """Decisions a second: in the last whole step, over the window, in its busiest step."""

    current: float
    average: float
    peak: float
    timeseries: Series


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of inspection, by percentile; the series is of the median. None: no decision."""

    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    timeseries: Series


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What feedback says about the window's decisions. None where there is no feedback."""

    overall: float | None
    by_category: Mapping[Category, float]
    """The share of what was taken for a category that really was an attack."""
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """One window, summed up."""

    window: Window
    at_ms: int
    decisions: int
    throughput: Throughput
    latency: Latency
    accuracy: Accuracy
    actions: Mapping[Action, int] = field(default_factory=dict)
    categories: Mapping[Category, int] = field(default_factory=dict)
    doors: Mapping[str, int] = field(default_factory=dict)
