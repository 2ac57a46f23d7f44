"""Compare a report with an earlier one: what dropped, and by more than chance.

The interval of a difference is made from those of its two sides by adding squares (Newcombe 1998,
"Interval estimation for the difference between independent proportions", method 10; for measures
other than shares Zou & Donner 2008, "Construction of confidence limits about effect measures").
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from aidefence.domain.errors import AIDefenceError
from aidefence.service.evaluation_report import KIND, SCHEMA, Object

DIMENSIONS = ("source", "category", "language")
OVERALL = "overall"

_REPORT_BYTES_MAX = 256 * 1024 * 1024
# What must be the same on both sides, or the numbers do not speak of the same thing.
_SAME = ("profile", "categories", "origin", "direction", "task", "duplicates")
_ROUNDING = 1e-9


class Metric(StrEnum):
    """What a gate can watch."""

    RECALL = "recall"
    FPR = "fpr"
    AUC = "auc"
    RECALL_AT_02 = "recall_at_0.2_fpr"
    RECALL_AT_1 = "recall_at_1_fpr"
    RECALL_AT_5 = "recall_at_5_fpr"


DEFAULT_METRICS = (Metric.RECALL, Metric.FPR, Metric.AUC, Metric.RECALL_AT_1)

_LIMIT_OF = {Metric.RECALL_AT_02: "0.002", Metric.RECALL_AT_1: "0.01", Metric.RECALL_AT_5: "0.05"}


class Status(StrEnum):
    """What became of one measure."""

    DROPPED = "dropped"
    WITHIN_NOISE = "within noise"
    KEPT = "kept"
    MISSING = "missing"
    """It was measured then, and is not measured now."""


class BaselineError(AIDefenceError):
    """A report cannot be compared with; says which and where."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of one group, as a report holds it."""

    value: float
    low: float
    high: float
    texts: int


@dataclass(frozen=True, slots=True)
class Change:
    """One measure then and now. A rise of the false-positive rate is a drop too."""

    dimension: str
    name: str
    metric: Metric
    then: Measured
    now: Measured | None
    drop: float
    drop_low: float
    """The least drop that its interval at 95 % allows."""
    status: Status


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was compared, and what could not be."""

    changes: tuple[Change, ...]
    too_small: int
    """Measures with fewer texts than asked for, on either side."""
    same_data: bool

    def of(self, status: Status) -> tuple[Change, ...]:
        """Return the changes of one status, the largest drop first."""
        found = (change for change in self.changes if change.status is status)
        return tuple(sorted(found, key=lambda it: -it.drop))


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a gate lets pass."""

    metrics: Sequence[Metric] = DEFAULT_METRICS
    max_drop: float = 0.02
    min_texts: int = 50
    strict: bool = False


def read_baseline(path: Path) -> Object:
    """Read a report written earlier.

    Raises:
        BaselineError: it is no report, or one of another schema.

    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_REPORT_BYTES_MAX + 1)
    except OSError as error:
        raise BaselineError(path, (error.strerror or str(error)).lower()) from error
    if len(data) > _REPORT_BYTES_MAX:
        raise BaselineError(path, f"longer than {_REPORT_BYTES_MAX} bytes")
    try:
        report = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BaselineError(path, f"not JSON: {error}") from error
    if not isinstance(report, dict) or report.get("kind") != KIND:
        raise BaselineError(path, "not a report of `aidefence eval --json`")
    if report.get("schema") != SCHEMA:
        raise BaselineError(path, f"schema `{report.get('schema')}`, expected `{SCHEMA}`")
    return report


def compare(then: Object, now: Object, path: Path, demands: Demands) -> Comparison:
    """Compare a report `now` with one read from `path`.

    Raises:
        BaselineError: it is damaged, or was made with other settings.

    """
    _check_settings(then, now, path)
    before = dict(_measures(then, path, demands.metrics))
    after = dict(_measures(now, Path("this report"), demands.metrics))
    changes: list[Change] = []
    too_small = 0
    for key, old in before.items():
        new = after.get(key)
        wanted = 1 if key[0] == OVERALL else demands.min_texts
        if old.texts < wanted or (new is not None and new.texts < wanted):
            too_small += 1
        else:
            changes.append(_change(key, old, new, demands))
    same = then.get("data_digest") == now.get("data_digest")
    return Comparison(tuple(changes), too_small, same)


def comparison_object(comparison: Comparison, demands: Demands) -> Object:
    """Return a comparison as plain data; what was kept is only counted."""
    told = [it for status in Status if status is not Status.KEPT for it in comparison.of(status)]
    return {
        "metrics": [metric.value for metric in demands.metrics],
        "max_drop": demands.max_drop,
        "min_texts": demands.min_texts,
        "strict": demands.strict,
        "same_data": comparison.same_data,
        "too_small": comparison.too_small,
        "counts": {status.value: len(comparison.of(status)) for status in Status},
        "changes": [
            {
                "status": it.status.value,
                "dimension": it.dimension,
                "name": it.name,
                "metric": it.metric.value,
                "then": _measured_object(it.then),
                "now": None if it.now is None else _measured_object(it.now),
                "drop": it.drop,
                "drop_low": it.drop_low,
            }
            for it in told
        ],
    }


_Key = tuple[str, str, Metric]


def _change(key: _Key, then: Measured, now: Measured | None, demands: Demands) -> Change:
    if now is None:
        return Change(*key, then, None, 0.0, 0.0, Status.MISSING)
    if key[2] is Metric.FPR:
        drop, reach = now.value - then.value, (now.value - now.low, then.high - then.value)
    else:
        drop, reach = then.value - now.value, (then.value - then.low, now.high - now.value)
    drop_low = drop - math.hypot(*reach)
    status = Status.KEPT
    if drop > demands.max_drop + _ROUNDING:
        is_sure = demands.strict or drop_low > 0.0
        status = Status.DROPPED if is_sure else Status.WITHIN_NOISE
    return Change(*key, then, now, drop, drop_low, status)


def _check_settings(then: Object, now: Object, path: Path) -> None:
    old, new = _object(then, "settings", path), now["settings"]
    for name in _SAME:
        if old.get(name) != new[name]:
            reason = f"made with {name} `{old.get(name)}`, but this report with `{new[name]}`"
            raise BaselineError(path, reason)


def _measures(
    report: Object, path: Path, metrics: Sequence[Metric]
) -> Iterator[tuple[_Key, Measured]]:
    by = _object(report, "by", path)
    groups = [(OVERALL, "all", _object(report, OVERALL, path))]
    for dimension in DIMENSIONS:
        of_dimension = _object(by, dimension, path)
        groups += [(dimension, name, _object(of_dimension, name, path)) for name in of_dimension]
    for dimension, name, group in groups:
        for metric in metrics:
            place = f"{dimension} `{name}`, {metric.value}"
            found = _raw(group, metric, path, place)
            if found is not None:
                yield (dimension, name, metric), _parse(*found, path, place)


def _raw(group: Object, metric: Metric, path: Path, place: str) -> tuple[object, object] | None:
    """Find a measure and how many texts it stands on; none where the group cannot have it."""
    count: object
    if metric is Metric.AUC:
        found = group.get("auc_against_all")
        count = group.get("attacks") or group.get("benign")
    else:
        limit = _LIMIT_OF.get(metric)
        if limit is None:
            found = group.get(metric.value)
        else:
            found = _object(group, "at_overall_fpr", path).get(limit)
            # A whole of one class has no threshold at a false-positive rate.
            found = found.get("recall") if isinstance(found, dict) else found
        count = found.get("n") if isinstance(found, dict) else None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise BaselineError(path, f"{place}: not an object")
    return found, count


def _parse(found: object, count: object, path: Path, place: str) -> Measured:
    values = [found.get(key) for key in ("value", "low", "high")] if isinstance(found, dict) else []
    numbers = [
        float(it) for it in values if isinstance(it, int | float) and not isinstance(it, bool)
    ]
    # Written so that NaN fails too.
    if len(numbers) != len(("value", "low", "high")) or not all(0 <= it <= 1 for it in numbers):
        raise BaselineError(path, f"{place}: value, low and high must be numbers from 0 to 1")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise BaselineError(path, f"{place}: no count of texts")
    value, low, high = numbers
    if not low - _ROUNDING <= value <= high + _ROUNDING:
        raise BaselineError(path, f"{place}: the value is not inside its interval")
    return Measured(value, low, high, count)


def _object(parent: Mapping[str, Any], key: str, path: Path) -> Object:
    found = parent.get(key)
    if not isinstance(found, dict):
        raise BaselineError(path, f"`{key}` is missing or not an object")
    return found


def _measured_object(measured: Measured) -> Object:
    return {
        "value": measured.value,
        "low": measured.low,
        "high": measured.high,
        "texts": measured.texts,
    }
