"""Windows of time as they travel; times are Unix milliseconds, latencies milliseconds."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from aidefence.domain.windows import WindowMetrics

WireSeries = tuple[tuple[int, float], ...]


class WireThroughput(Struct, frozen=True, rename="camel"):
    """Decisions a second."""

    current: float
    average: float
    peak: float
    timeseries: WireSeries


class WireLatency(Struct, frozen=True, rename="camel"):
    """Time of inspection by percentile; none where nothing was decided."""

    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    timeseries: WireSeries


class WireAccuracy(Struct, frozen=True, rename="camel"):
    """What feedback says about the decisions; none where nobody said anything."""

    overall: float | None
    by_category: dict[str, float]
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


class WireLearning(Struct, frozen=True, rename="camel"):
    """What was collected to learn from. This version makes no skills of it."""

    episodes_collected: int
    skills_generated: int
    average_improvement: float | None
    reflexion_cycles: int


class WireMetrics(Struct, frozen=True, rename="camel"):
    """Those metrics that were asked for."""

    throughput: WireThroughput | UnsetType = UNSET
    latency: WireLatency | UnsetType = UNSET
    accuracy: WireAccuracy | UnsetType = UNSET
    learning: WireLearning | UnsetType = UNSET


class WireWindow(Struct, frozen=True, rename="camel"):
    """A window that ends at `timestamp`; decisions by action, category and door."""

    window: str
    timestamp: int
    metrics: WireMetrics
    decisions: int
    actions: dict[str, int]
    categories: dict[str, int]
    doors: dict[str, int]


def tell_window(summed: WindowMetrics, wanted: frozenset[str]) -> WireWindow:
    """Tell of a window; no names are all."""

    def asked(name: str) -> bool:
        return not wanted or name in wanted

    return WireWindow(
        window=summed.window.value,
        timestamp=summed.at_ms,
        metrics=WireMetrics(
            throughput=_throughput(summed) if asked("throughput") else UNSET,
            latency=_latency(summed) if asked("latency") else UNSET,
            accuracy=_accuracy(summed) if asked("accuracy") else UNSET,
            learning=_learning(summed) if asked("learning") else UNSET,
        ),
        decisions=summed.decisions,
        actions={it.value: count for it, count in summed.actions.items()},
        categories={it.value: count for it, count in summed.categories.items()},
        doors=dict(summed.doors),
    )


def _throughput(summed: WindowMetrics) -> WireThroughput:
    it = summed.throughput
    return WireThroughput(it.current, it.average, it.peak, it.timeseries)


def _latency(summed: WindowMetrics) -> WireLatency:
    it = summed.latency
    return WireLatency(it.p50, it.p95, it.p99, it.p999, it.timeseries)


def _accuracy(summed: WindowMetrics) -> WireAccuracy:
    it = summed.accuracy
    return WireAccuracy(
        overall=it.overall,
        by_category={category.value: share for category, share in it.by_category.items()},
        true_positives=it.true_positives,
        false_positives=it.false_positives,
        true_negatives=it.true_negatives,
        false_negatives=it.false_negatives,
    )


def _learning(summed: WindowMetrics) -> WireLearning:
    return WireLearning(summed.decisions, 0, None, 0)
