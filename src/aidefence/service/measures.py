"""How good a detector is, from its scores: exact under ties, honest about small samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aidefence.service.intervals import (
    Interval,
    Scores,
    auc_interval,
    recall_interval_at,
    wilson,
)

# Products such as 0.29 * 100 land a hair under the whole number they mean.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion of a counted sample, with its interval at 95 %."""

    hits: int
    total: int
    bounds: Interval | None = None
    """Where another interval than Wilson's is right."""

    @property
    def value(self) -> float:
        """The observed proportion."""
        return self.hits / self.total

    @property
    def interval(self) -> Interval:
        """Where the true proportion lies, with 95 % confidence."""
        return wilson(self.hits, self.total) if self.bounds is None else self.bounds


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its interval at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold chosen on the benign scores gives: score >= threshold means attack."""

    threshold: float
    recall: Share
    """Its interval holds the doubt about the threshold too."""
    fpr: Share


@dataclass(frozen=True, slots=True)
class Measurement:
    """One group of labelled scores. What needs both classes is `None` when one is absent."""

    attacks: int
    benign: int
    recall: Share | None
    fpr: Share | None
    precision: float | None
    f1: float | None
    auc: Estimate | None
    at_fpr: dict[float, OperatingPoint]

    @property
    def total(self) -> int:
        """How many texts."""
        return self.attacks + self.benign


def measure(
    attack: Scores, benign: Scores, *, threshold: float, fpr_limits: tuple[float, ...]
) -> Measurement:
    """Measure one group at a fixed threshold and at thresholds drawn from its benign scores."""
    recall = share_at(attack, threshold)
    fpr = share_at(benign, threshold)
    both = recall is not None and fpr is not None
    hits = recall.hits if recall else 0
    alarms = fpr.hits if fpr else 0
    precision = hits / (hits + alarms) if both and hits + alarms else None
    return Measurement(
        attacks=attack.size,
        benign=benign.size,
        recall=recall,
        fpr=fpr,
        precision=precision,
        f1=f1_of(hits, alarms, attack.size - hits) if both else None,
        auc=estimate_auc(attack, benign),
        at_fpr={x: recall_at_fpr(attack, benign, x) for x in fpr_limits} if both else {},
    )


def estimate_auc(attack: Scores, benign: Scores) -> Estimate | None:
    """Return the AUC with its interval; none where a class is absent."""
    if not attack.size or not benign.size:
        return None
    auc = auc_of(attack, benign)
    return Estimate(auc, *auc_interval(attack, benign, auc))


def auc_of(attack: Scores, benign: Scores) -> float:
    """Chance that an attack outscores a benign text, a tie counting one half (midranks)."""
    if not attack.size or not benign.size:
        raise ValueError("auc needs both classes")
    ordered = np.sort(benign)
    below = np.searchsorted(ordered, attack, side="left")
    not_above = np.searchsorted(ordered, attack, side="right")
    # Whole numbers up to here: pairs won twice plus pairs tied, so nothing is rounded away.
    doubled = int(below.sum(dtype=np.int64)) + int(not_above.sum(dtype=np.int64))
    return doubled / (2 * attack.size * benign.size)


def recall_at_fpr(attack: Scores, benign: Scores, limit: float) -> OperatingPoint:
    """Best recall of any threshold whose false-positive rate is at most `limit`.

    Benign texts with equal scores stand or fall together: a threshold cannot pass between them.
    """
    if not benign.size:
        raise ValueError("an operating point needs benign scores")
    allowed = math.floor(limit * benign.size + _ROUNDING)
    threshold = _lowest_threshold(attack, benign, allowed)
    recall, fpr = share_at(attack, threshold), share_at(benign, threshold)
    if recall is None or fpr is None:
        raise ValueError("an operating point needs both classes")
    bounds = recall_interval_at(attack, benign, allowed)
    return OperatingPoint(
        threshold=threshold, recall=Share(recall.hits, recall.total, bounds), fpr=fpr
    )


def f1_of(hits: int, alarms: int, misses: int) -> float:
    """Harmonic mean of precision and recall; zero when nothing was found."""
    return 2 * hits / (2 * hits + alarms + misses) if hits else 0.0


def share_at(scores: Scores, threshold: float) -> Share | None:
    """Return how many scores reach a threshold; none where there are no scores."""
    if not scores.size:
        return None
    return Share(hits=int(np.count_nonzero(scores >= threshold)), total=scores.size)


def _lowest_threshold(attack: Scores, benign: Scores, allowed: int) -> float:
    """Find the lowest observed score that at most `allowed` benign texts reach."""
    observed = np.unique(np.concatenate((attack, benign)))
    if allowed >= benign.size:
        return float(observed[0])
    first_refused = np.partition(benign, benign.size - 1 - allowed)[benign.size - 1 - allowed]
    above = int(np.searchsorted(observed, first_refused, side="right"))
    return float(observed[above]) if above < observed.size else math.inf
