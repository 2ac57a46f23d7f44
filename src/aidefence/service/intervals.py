"""Confidence intervals at 95 %: for shares, for AUC, for recall at a false-positive rate.

Sources:
    Wilson 1927, "Probable inference, the law of succession, and statistical inference" (shares).
    DeLong, DeLong & Clarke-Pearson 1988, "Comparing the areas under two or more correlated
    receiver operating characteristic curves" (variance of AUC), on the logit scale.
    Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic, part 2", method 5 (AUC of 0, of 1, and of very few texts).
    Efron & Tibshirani 1993, "An introduction to the bootstrap" (percentile interval, stratified).
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[np.float64]
Interval: TypeAlias = tuple[float, float]

# Two-sided 95 %.
Z = 1.959963984540054

_RESAMPLES = 2000
_SEED = 20_270_101
_BISECTIONS = 60
_BOTH_TAILS = (2.5, 97.5)


def wilson(hits: int, total: int) -> Interval:
    """Wilson score interval; it stays inside [0, 1] and is sane at 0 and at `total`."""
    if total <= 0:
        raise ValueError("an interval needs a sample")
    share, zz = hits / total, Z * Z
    centre = (share + zz / (2 * total)) / (1 + zz / total)
    half = Z / (1 + zz / total) * math.sqrt(share * (1 - share) / total + zz / (4 * total * total))
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == total else min(1.0, centre + half)
    return low, high


def auc_interval(attack: Scores, benign: Scores, auc: float) -> Interval:
    """Interval of `auc`: DeLong's where its variance says something, else Newcombe's."""
    variance = delong_variance(attack, benign)
    if variance <= 0.0 or not 0.0 < auc < 1.0:
        return _newcombe(auc, attack.size, benign.size)
    centre = math.log(auc / (1 - auc))
    half = Z * math.sqrt(variance) / (auc * (1 - auc))
    return min(auc, _sigmoid(centre - half)), max(auc, _sigmoid(centre + half))


def delong_variance(attack: Scores, benign: Scores) -> float:
    """Variance of the AUC; zero where a class has fewer than two texts."""
    if attack.size < 2 or benign.size < 2:  # noqa: PLR2004 - a variance needs two
        return 0.0
    of_attacks = _placements(attack, benign)
    of_benign = _placements(benign, attack)
    spread = of_attacks.var(ddof=1) / attack.size + of_benign.var(ddof=1) / benign.size
    return float(spread)


def recall_interval_at(attack: Scores, benign: Scores, allowed: int) -> Interval:
    """Interval of the recall at the threshold that `allowed` benign texts may reach.

    Both classes are resampled, so that it holds the doubt about the threshold too. It is widened to
    Wilson's, because a bootstrap of all-equal outcomes has no width. Where not one benign text may
    reach the threshold, it lies beyond what the sample shows: nothing bounds the recall from below.
    """
    hits_seen = attack.size
    ordered_attack = np.sort(attack)
    if allowed >= benign.size:
        return wilson(hits_seen, attack.size)
    ordered = np.sort(benign)
    refused = ordered[benign.size - 1 - allowed]
    hits_seen -= int(np.searchsorted(ordered_attack, refused, side="right"))
    rng = np.random.default_rng(_SEED)
    # The order statistic of a resample, drawn directly: no resample has to be written down.
    places = rng.beta(benign.size - allowed, allowed + 1, _RESAMPLES) * benign.size
    drawn = ordered[np.minimum(places.astype(np.int64), benign.size - 1)]
    above = attack.size - np.searchsorted(ordered_attack, drawn, side="right")
    recalls = rng.binomial(attack.size, above / attack.size) / attack.size
    low, high = np.percentile(recalls, _BOTH_TAILS)
    sure_low, sure_high = wilson(hits_seen, attack.size)
    return (min(float(low), sure_low) if allowed else 0.0), max(float(high), sure_high)


def _placements(these: Scores, others: Scores) -> Scores:
    """For each of `these`, the share of `others` below it, a tie counting one half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, these, side="left")
    not_above = np.searchsorted(ordered, these, side="right")
    shares: Scores = (below + not_above) / (2 * others.size)
    return shares


def _newcombe(auc: float, attacks: int, benign: int) -> Interval:
    weight = (attacks + benign) / 2 - 1

    def too_far(candidate: float) -> bool:
        spread = (
            1 + weight * (1 - candidate) / (2 - candidate) + weight * candidate / (1 + candidate)
        )
        variance = candidate * (1 - candidate) * spread / (attacks * benign)
        return (auc - candidate) ** 2 > Z * Z * variance

    def bound(far: float) -> float:
        near = auc
        for _ in range(_BISECTIONS):
            middle = (near + far) / 2
            near, far = (near, middle) if too_far(middle) else (middle, far)
        return near

    return (0.0 if auc == 0.0 else bound(0.0)), (1.0 if auc == 1.0 else bound(1.0))


def _sigmoid(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1 + grown)
