"""Counts in the Prometheus text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from threading import Lock

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category

# A short text takes microseconds, a megabyte tens of milliseconds.
_BUCKETS_NS = (
    *(10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000),
    *(10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 1_000_000_000),
)
_SECONDS = 1e-9


class PrometheusMeter(Collector):
    """Counts decisions, findings and refusals. Its own registry: nothing global is touched.

    The library's own counters lock once for each number; this one locks once for each decision.
    """

    def __init__(self, doors: tuple[str, ...] = ("rest",)) -> None:
        self._lock = Lock()
        self._doors = {door: _DoorCounts() for door in doors}
        self._findings: Counter[Category] = Counter()
        self._refusals: Counter[tuple[str, int]] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, door: str, decision: Decision) -> None:
        """Count one decision that left through a door."""
        found = decision.findings if decision.has_findings else ()
        elapsed_ns = decision.elapsed_ns
        with self._lock:
            counts = self._doors[door]
            counts.actions[decision.action_code] += 1
            counts.buckets[bisect_left(_BUCKETS_NS, elapsed_ns)] += 1
            counts.elapsed_ns += elapsed_ns
            for finding in found:
                self._findings[finding.category] += 1

    def refuse(self, door: str, status: int) -> None:
        """Count one request that was refused."""
        with self._lock:
            self._refusals[door, status] += 1

    def render(self) -> tuple[str, bytes]:
        """Write all counts; gives the content type and the document."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Lay the counts out as metrics."""
        with self._lock:
            doors = {door: counts.copy() for door, counts in self._doors.items()}
            findings, refusals = self._findings.copy(), self._refusals.copy()
        yield _requests(doors)
        yield _latency(doors)
        family = CounterMetricFamily(
            "aidefence_findings", "Findings, by category.", labels=("category",)
        )
        for category in Category:
            family.add_metric((category.value,), findings[category])
        yield family
        family = CounterMetricFamily(
            "aidefence_refusals", "Refused requests, by HTTP status.", labels=("door", "status")
        )
        for (door, status), count in sorted(refusals.items()):
            family.add_metric((door, str(status)), count)
        yield family


class _DoorCounts:
    __slots__ = ("actions", "buckets", "elapsed_ns")

    def __init__(self) -> None:
        self.actions = [0] * len(Action)
        self.buckets = [0] * (len(_BUCKETS_NS) + 1)
        self.elapsed_ns = 0

    def copy(self) -> _DoorCounts:
        twin = _DoorCounts()
        twin.actions, twin.buckets = self.actions.copy(), self.buckets.copy()
        twin.elapsed_ns = self.elapsed_ns
        return twin


def _requests(doors: dict[str, _DoorCounts]) -> Metric:
    family = CounterMetricFamily(
        "aidefence_requests", "Decisions, by door and action.", labels=("door", "action")
    )
    for door, counts in doors.items():
        for action, count in zip(Action, counts.actions, strict=True):
            family.add_metric((door, action.value), count)
    return family


def _latency(doors: dict[str, _DoorCounts]) -> Metric:
    family = HistogramMetricFamily(
        "aidefence_inspect_seconds", "Time in the engine per decision.", labels=("door",)
    )
    bounds = [*(f"{bound * _SECONDS:g}" for bound in _BUCKETS_NS), "+Inf"]
    for door, counts in doors.items():
        buckets = list(zip(bounds, accumulate(counts.buckets), strict=True))
        family.add_metric((door,), buckets, counts.elapsed_ns * _SECONDS)
    return family
