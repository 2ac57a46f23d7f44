"""Sums over a window of time, from the counts of its minutes or hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select

from aidefence.adapters.journal.bodies import category_of
from aidefence.adapters.store.folding import HOUR_MS, MINUTE_MS
from aidefence.adapters.store.tables import FEEDBACK, LATENCIES, ROLLUPS
from aidefence.domain.durations import percentile_ms
from aidefence.domain.enums import ACTIONS, Category
from aidefence.domain.feedback import Outcome
from aidefence.domain.windows import Accuracy, Latency, Throughput, Window, WindowMetrics

_DIGITS = 4


def sum_up(connection: Connection, tenant: str, window: Window, now_ms: int) -> WindowMetrics:
    """Sum up a window that ends now."""
    resolution = MINUTE_MS if window in {Window.HOUR, Window.DAY} else HOUR_MS
    # From the first whole step on, so that every point of the series stands for a step.
    begin = now_ms - window.span_ms
    begin -= begin % window.step_ms
    begin += window.step_ms
    by_step: Counter[int] = Counter()
    actions: Counter[int] = Counter()
    categories: Counter[int] = Counter()
    doors: Counter[str] = Counter()
    total = func.sum(ROLLUPS.c.decisions)
    keys = (ROLLUPS.c.at_ms, ROLLUPS.c.door, ROLLUPS.c.action, ROLLUPS.c.category)
    query = select(*keys, total).where(
        ROLLUPS.c.step_ms == resolution, ROLLUPS.c.tenant == tenant, ROLLUPS.c.at_ms >= begin
    )
    for at_ms, door, action, category, number in connection.execute(query.group_by(*keys)):
        count = int(number)
        by_step[at_ms - at_ms % window.step_ms] += count
        actions[action] += count
        categories[category] += count
        doors[door] += count
    steps = range(begin, now_ms + 1, window.step_ms)
    return WindowMetrics(
        window=window,
        at_ms=now_ms,
        decisions=by_step.total(),
        throughput=_throughput(by_step, steps, window.step_ms, now_ms),
        latency=_latency(connection, tenant, resolution, steps, window.step_ms),
        accuracy=_accuracy(connection, tenant, begin),
        actions={ACTIONS[code]: count for code, count in sorted(actions.items())},
        categories=_named(categories),
        doors=dict(sorted(doors.items())),
    )


def _throughput(by_step: Mapping[int, int], steps: range, step_ms: int, now_ms: int) -> Throughput:
    rates: list[tuple[int, float]] = []
    for at in steps:
        # The step that is going on is not over yet.
        seconds = min(step_ms, max(1000, now_ms - at)) / 1000
        rates.append((at, round(by_step.get(at, 0) / seconds, _DIGITS)))
    whole = rates[:-1] or rates
    return Throughput(
        current=whole[-1][1],
        average=round(sum(by_step.values()) / (max(1000, now_ms - steps[0]) / 1000), _DIGITS),
        peak=round(max(by_step.values(), default=0) / (step_ms / 1000), _DIGITS),
        timeseries=tuple(rates),
    )


def _latency(
    connection: Connection, tenant: str, resolution: int, steps: range, step_ms: int
) -> Latency:
    query = select(LATENCIES.c.at_ms, LATENCIES.c.bucket, LATENCIES.c.decisions).where(
        LATENCIES.c.step_ms == resolution,
        LATENCIES.c.tenant == tenant,
        LATENCIES.c.at_ms >= steps[0],
    )
    whole: Counter[int] = Counter()
    by_step: dict[int, Counter[int]] = {}
    for at_ms, bucket, number in connection.execute(query):
        whole[bucket] += number
        by_step.setdefault(at_ms - at_ms % step_ms, Counter())[bucket] += number
    medians = ((at, percentile_ms(by_step[at], 0.5)) for at in steps if at in by_step)
    return Latency(
        p50=percentile_ms(whole, 0.5),
        p95=percentile_ms(whole, 0.95),
        p99=percentile_ms(whole, 0.99),
        p999=percentile_ms(whole, 0.999),
        timeseries=tuple((at, median) for at, median in medians if median is not None),
    )


def _accuracy(connection: Connection, tenant: str, begin: int) -> Accuracy:
    query = (
        select(FEEDBACK.c.category, FEEDBACK.c.outcome, func.count())
        .where(FEEDBACK.c.tenant == tenant, FEEDBACK.c.episode_ms >= begin)
        .group_by(FEEDBACK.c.category, FEEDBACK.c.outcome)
    )
    counts: Counter[Outcome] = Counter()
    right: Counter[int] = Counter()
    spoken: Counter[int] = Counter()
    for category, outcome, number in connection.execute(query):
        it = Outcome(outcome)
        counts[it] += number
        if it.detected:
            spoken[category] += number
            right[category] += number if it is Outcome.TRUE_POSITIVE else 0
    total = counts.total()
    good = counts[Outcome.TRUE_POSITIVE] + counts[Outcome.TRUE_NEGATIVE]
    precision = {code: round(right[code] / spoken[code], _DIGITS) for code in spoken}
    return Accuracy(
        overall=round(good / total, _DIGITS) if total else None,
        by_category=_known(precision.items()),
        true_positives=counts[Outcome.TRUE_POSITIVE],
        false_positives=counts[Outcome.FALSE_POSITIVE],
        true_negatives=counts[Outcome.TRUE_NEGATIVE],
        false_negatives=counts[Outcome.FALSE_NEGATIVE],
    )


def _named(counts: Mapping[int, int]) -> dict[Category, int]:
    named = ((category_of(code), count) for code, count in sorted(counts.items()))
    return {category: count for category, count in named if category is not None}


def _known(shares: Iterable[tuple[int, float]]) -> dict[Category, float]:
    named = ((category_of(code), share) for code, share in sorted(shares))
    return {category: share for category, share in named if category is not None}
