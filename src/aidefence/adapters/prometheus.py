"""Counts in the Prometheus text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category

# A short text takes microseconds, a megabyte tens of milliseconds.
_BUCKETS_SECONDS = (
    *(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
_NS = 1e-9


class PrometheusMeter:
    """Counts decisions, findings and refusals. Its own registry: nothing global is touched."""

    def __init__(self, doors: tuple[str, ...] = ("rest",)) -> None:
        self._registry = CollectorRegistry()
        requests = Counter(
            "aidefence_requests_total",
            "Decisions, by door and action.",
            ("door", "action"),
            registry=self._registry,
        )
        latency = Histogram(
            "aidefence_inspect_seconds",
            "Time in the engine per decision.",
            ("door",),
            buckets=_BUCKETS_SECONDS,
            registry=self._registry,
        )
        findings = Counter(
            "aidefence_findings_total",
            "Findings, by category.",
            ("category",),
            registry=self._registry,
        )
        self._refusals = Counter(
            "aidefence_refusals_total",
            "Requests that were refused, by door and HTTP status.",
            ("door", "status"),
            registry=self._registry,
        )
        # Looking a child up costs more than counting: the sets are closed, so do it once.
        self._requests = {
            (door, action): requests.labels(door, action.value)
            for door in doors
            for action in Action
        }
        self._latency = {door: latency.labels(door) for door in doors}
        self._findings = {category: findings.labels(category.value) for category in Category}

    def count(self, door: str, decision: Decision) -> None:
        """Count one decision that left through a door."""
        self._requests[door, decision.action].inc()
        self._latency[door].observe(decision.elapsed_ns * _NS)
        if decision.has_findings:
            for finding in decision.findings:
                self._findings[finding.category].inc()

    def refuse(self, door: str, status: int) -> None:
        """Count one request that was refused."""
        self._refusals.labels(door, str(status)).inc()

    def render(self) -> tuple[str, bytes]:
        """Write all counts; gives the content type and the document."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)
