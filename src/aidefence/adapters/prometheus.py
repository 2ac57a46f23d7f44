"""Counts in the Prometheus text format."""

from __future__ import annotations

import logging
import os
import weakref
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from threading import Lock

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from aidefence.adapters.counts import Counts, Totals
from aidefence.domain.asking import Detection
from aidefence.domain.enums import ACTIONS, CATEGORIES, Action
from aidefence.domain.taxonomy import OWASP_AGENTIC, OWASP_LLM, TAXONOMY
from aidefence.ports.meter import Series

# A short text takes microseconds, a megabyte tens of milliseconds.
_BUCKETS_NS = (
    *(10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000),
    *(10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 1_000_000_000),
)
_BOUNDS = (*(f"{bound * 1e-9:g}" for bound in _BUCKETS_NS), "+Inf")
_SUM = len(_BOUNDS)
_HISTOGRAM_CELLS = _SUM + 1
_SECONDS = 1e-9
_TIERS = range(5)
# By the plain word: an enum's own hash is a call into Python.
_CATEGORY_CODES = {category.value: code for code, category in enumerate(CATEGORIES)}
_ALLOW = Action.ALLOW.code
_CHECKS_MAX = 64
_OTHER = "other"

_log = logging.getLogger("aidefence.metrics")


class PrometheusMeter(Collector):
    """Counts answers, findings and refusals. Its own registry: nothing global is touched.

    With a folder all processes that name it count together. The library's own counters lock once
    for each number; this one locks once for each answer.
    """

    def __init__(self, doors: Iterable[str] = ("rest",), folder: Path | None = None) -> None:
        """`doors` are told from the start, with zeros; others when they are first heard of."""
        self._folder = folder
        self._named = tuple(doors)
        self._series: list[Series] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._begin()
        # Workers begin as copies of a process: what a copy counts is not the parent's.
        os.register_at_fork(after_in_child=_renewing(weakref.ref(self)))

    def count(self, door: str, detection: Detection) -> None:
        """Count one answer that left through a door."""
        decision = detection.decision
        elapsed_ns, deep_ns = decision.elapsed_ns, decision.deep_ns
        tiers, action = decision.tiers, decision.action_code
        if ACTIONS[action] is not detection.action:
            action = detection.action.code
        found = decision.findings if decision.has_findings else ()
        with self._lock:
            places = self._doors.get(door) or self._open_door(door)
            cells = self._counts.cells
            cells[places.actions + action] += 1
            tier = tiers[-1] if tiers else 0
            if deep_ns:
                at = self._count_deep(places, tier, elapsed_ns, deep_ns)
            else:
                at = places.whole[tier]
            cells[at + bisect_left(_BUCKETS_NS, elapsed_ns)] += 1
            cells[at + _SUM] += elapsed_ns
            for finding in found:
                cells[self._findings + _CATEGORY_CODES[finding.category._value_]] += 1
            if detection.degraded:
                self._count_checks({it.check for it in detection.degraded})

    def count_passed(self, door: str, tiers: int, elapsed_ns: int, many: int = 1) -> None:
        """Count so many answers about which there is nothing to tell but how long they took."""
        with self._lock:
            places = self._doors.get(door) or self._open_door(door)
            cells = self._counts.cells
            cells[places.actions + _ALLOW] += many
            at = places.whole[max(tiers.bit_length() - 1, 0)]
            cells[at + bisect_left(_BUCKETS_NS, elapsed_ns)] += many
            cells[at + _SUM] += elapsed_ns * many

    def refuse(self, door: str, status: int) -> None:
        """Count one request that was refused."""
        with self._lock:
            at = self._counts.place(f"refused {door} {status}", 1)
            self._counts.cells[at] += 1

    def watch(self, series: Series) -> None:
        """Tell these numbers, too, whenever counts are written."""
        self._series.append(series)

    def render(self) -> tuple[str, bytes]:
        """Write all counts; gives the content type and the document."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Lay the counts out as metrics."""
        with self._lock:
            totals = self._counts.totals()
        doors = list(dict.fromkeys((*self._named, *_words(totals, "answered", 1))))
        yield _requests(totals, doors)
        yield _histogram("inspect", "Time in the engine per decision.", "door", _by_door(totals))
        yield _histogram("tier", "The same, by the deepest tier.", "tier", _by_tier(totals))
        yield _histogram("stage", "Time of each stage of a decision.", "stage", _by_stage(totals))
        yield from _findings(totals.get("findings", [0] * len(CATEGORIES)))
        yield _named(totals, "degraded", "Answers without a check, by check.", ("check",))
        yield _named(totals, "refused", "Refused requests, by HTTP status.", ("door", "status"))
        yield from self._watched()

    def _begin(self) -> None:
        self._lock = Lock()
        self._counts = Counts(self._folder)
        self._doors: dict[str, _Places] = {}
        self._checks: dict[str, int] = {}
        self._findings = 0

    def _renew(self) -> None:
        self._counts.leave_to_parent()
        self._begin()

    def _open_door(self, door: str) -> _Places:
        place = self._counts.place
        self._findings = place("findings", len(CATEGORIES))
        places = _Places(
            place(f"answered {door}", len(ACTIONS)),
            tuple(place(f"whole {door} {tier} 0", _HISTOGRAM_CELLS) for tier in _TIERS),
            tuple(place(f"whole {door} {tier} 1", _HISTOGRAM_CELLS) for tier in _TIERS),
            (place("stage engine", _HISTOGRAM_CELLS), place("stage tier3", _HISTOGRAM_CELLS)),
        )
        self._doors[door] = places
        return places

    def _count_deep(self, places: _Places, tier: int, elapsed_ns: int, deep_ns: int) -> int:
        cells = self._counts.cells
        for at, took_ns in zip(places.stages, (elapsed_ns - deep_ns, deep_ns), strict=True):
            cells[at + bisect_left(_BUCKETS_NS, took_ns)] += 1
            cells[at + _SUM] += took_ns
        return places.whole_with_deep[tier]

    def _count_checks(self, checks: Iterable[str]) -> None:
        for check in checks:
            at = self._checks.get(check)
            if at is None:
                # Names come from us, but some from what a client sent: their number has an end.
                known = check if len(self._checks) < _CHECKS_MAX and " " not in check else _OTHER
                at = self._counts.place(f"degraded {known}", 1)
                if known != _OTHER:
                    self._checks[check] = at
            self._counts.cells[at] += 1

    def _watched(self) -> Iterator[Metric]:
        failed = GaugeMetricFamily(
            "aidefence_series_failed", "Series that could not be read.", labels=("series",)
        )
        for series in self._series:
            make = CounterMetricFamily if series.rises else GaugeMetricFamily
            family = make(f"aidefence_{series.name}", series.help, labels=series.labels)
            try:
                for labels, number in series.read():
                    family.add_metric(labels, number)
            except Exception:  # noqa: BLE001 -- whatever it is, the other numbers must come out
                _log.warning("series %s cannot be read", series.name, exc_info=True)
                failed.add_metric((series.name,), 1)
            else:
                yield family
        yield failed


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the cells of one door lie."""

    actions: int
    whole: tuple[int, ...]
    whole_with_deep: tuple[int, ...]
    stages: tuple[int, int]


def _renewing(meter: weakref.ref[PrometheusMeter]) -> Callable[[], None]:
    def renew() -> None:
        alive = meter()
        if alive is not None:
            alive._renew()  # noqa: SLF001 -- our own, in a process that has just begun

    return renew


def _words(totals: Totals, kind: str, at: int) -> list[str]:
    """The words at one place of all names of a kind, in order and each once."""
    names = (name.split() for name in totals)
    return sorted({words[at] for words in names if words[0] == kind})


def _sum(totals: Totals, kind: str, wanted: Callable[[list[str]], bool]) -> list[int]:
    summed = [0] * _HISTOGRAM_CELLS
    for name, cells in totals.items():
        words = name.split()
        if words[0] == kind and wanted(words):
            summed = [one + other for one, other in zip(summed, cells, strict=True)]
    return summed


def _by_door(totals: Totals) -> Iterator[tuple[str, list[int]]]:
    for door in _words(totals, "whole", 1):
        yield door, _sum(totals, "whole", lambda words, door=door: words[1] == door)  # type: ignore[misc]


def _by_tier(totals: Totals) -> Iterator[tuple[str, list[int]]]:
    for tier in map(str, _TIERS):
        summed = _sum(totals, "whole", lambda words, tier=tier: words[2] == tier)  # type: ignore[misc]
        if any(summed):
            yield tier, summed


def _by_stage(totals: Totals) -> Iterator[tuple[str, list[int]]]:
    # Where no deep model was asked, the engine's time is the whole time.
    alone = _sum(totals, "whole", lambda words: words[3] == "0")
    beside = totals.get("stage engine", [0] * _HISTOGRAM_CELLS)
    yield "engine", [one + other for one, other in zip(alone, beside, strict=True)]
    deep = totals.get("stage tier3", [])
    if any(deep):
        yield "tier3", deep


def _requests(totals: Totals, doors: Iterable[str]) -> Metric:
    family = CounterMetricFamily(
        "aidefence_requests", "Answers, by door and action.", labels=("door", "action")
    )
    for door in doors:
        counts = totals.get(f"answered {door}", [0] * len(ACTIONS))
        for action, count in zip(ACTIONS, counts, strict=True):
            family.add_metric((door, action.value), count)
    return family


def _histogram(
    name: str, text: str, label: str, cells_of: Iterable[tuple[str, list[int]]]
) -> Metric:
    family = HistogramMetricFamily(f"aidefence_{name}_seconds", text, labels=(label,))
    for value, cells in cells_of:
        buckets = list(zip(_BOUNDS, accumulate(cells[:_SUM]), strict=True))
        family.add_metric((value,), buckets, cells[_SUM] * _SECONDS)
    return family


def _findings(counts: list[int]) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "aidefence_findings", "Findings, by category.", labels=("category",)
    )
    by_number = dict.fromkeys((*OWASP_LLM, *OWASP_AGENTIC), 0)
    for category, count in zip(CATEGORIES, counts, strict=True):
        family.add_metric((category.value,), count)
        entry = TAXONOMY[category]
        for number in (*entry.owasp_llm, *entry.owasp_agentic):
            by_number[number] += count
    yield family
    family = CounterMetricFamily(
        "aidefence_findings_owasp",
        "Findings, by number in the OWASP lists; one may have several.",
        labels=("owasp",),
    )
    for number, count in by_number.items():
        family.add_metric((number,), count)
    yield family


_PUBLIC_NAMES = {"degraded": "aidefence_degraded", "refused": "aidefence_refusals"}


def _named(totals: Totals, kind: str, text: str, labels: tuple[str, ...]) -> Metric:
    family = CounterMetricFamily(_PUBLIC_NAMES[kind], text, labels=labels)
    for name in sorted(totals):
        first, *values = name.split()
        if first == kind:
            family.add_metric(values, totals[name][0])
    return family
