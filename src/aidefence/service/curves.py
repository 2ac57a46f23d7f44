"""What a plot of scores needs: reliability bins, the ROC curve, histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aidefence.service.intervals import Scores
from aidefence.service.measures import Share

RELIABILITY_BINS = 10
HISTOGRAM_BINS = 20

_ROC_STEPS = 80
_ROC_FPR_MIN = 1e-4


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Texts with scores from `low` to below `high`: what was promised, and what was true."""

    low: float
    high: float
    mean_score: float
    attacks: Share


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether a score of 0.8 means attack in 8 of 10 texts, at this data's share of attacks."""

    bins: tuple[ReliabilityBin, ...]
    """Empty bins are left out."""
    ece: float
    """Expected calibration error: the mean gap between score and share, weighted by texts."""
    brier: float
    """Mean squared distance between the score and the truth."""


@dataclass(frozen=True, slots=True)
class RocPoint:
    """One threshold of the ROC curve; infinity means that nothing is flagged."""

    threshold: float
    fpr: float
    recall: float


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """How many texts of each class have scores from `low` to below `high`."""

    low: float
    high: float
    attacks: int
    benign: int


def reliability(attack: Scores, benign: Scores) -> Reliability | None:
    """Weigh scores against the truth in bins of equal width; none where there are no texts."""
    total = attack.size + benign.size
    if not total:
        return None
    places = _bins_of(np.concatenate((attack, benign)), RELIABILITY_BINS)
    scores = np.concatenate((attack, benign))
    counts = np.bincount(places, minlength=RELIABILITY_BINS)
    attacks = np.bincount(places[: attack.size], minlength=RELIABILITY_BINS)
    sums = np.bincount(places, weights=scores, minlength=RELIABILITY_BINS)
    bins = tuple(
        ReliabilityBin(
            low=at / RELIABILITY_BINS,
            high=(at + 1) / RELIABILITY_BINS,
            mean_score=float(sums[at] / counts[at]),
            attacks=Share(int(attacks[at]), int(counts[at])),
        )
        for at in np.flatnonzero(counts).tolist()
    )
    ece = math.fsum(abs(float(s) - int(a)) for s, a in zip(sums, attacks, strict=True)) / total
    squares = float(np.sum((1.0 - attack) ** 2) + np.sum(benign**2))
    return Reliability(bins=bins, ece=ece, brier=squares / total)


def roc(attack: Scores, benign: Scores) -> tuple[RocPoint, ...]:
    """Return points of the ROC curve from nothing flagged to all flagged, thinned for a plot.

    Every point is one of the exact curve. None are left where a class is absent.
    """
    if not attack.size or not benign.size:
        return ()
    thresholds = np.unique(np.concatenate((attack, benign)))[::-1]
    recall = np.concatenate(([0.0], _reaching(attack, thresholds)))
    fpr = np.concatenate(([0.0], _reaching(benign, thresholds)))
    limits = np.concatenate((np.geomspace(_ROC_FPR_MIN, 1.0, _ROC_STEPS), [0.0]))
    levels = np.linspace(0.0, 1.0, _ROC_STEPS)
    kept = np.unique(
        np.concatenate(
            (
                np.searchsorted(fpr, limits, side="right") - 1,
                np.minimum(np.searchsorted(recall, levels, side="left"), recall.size - 1),
            )
        )
    )
    edges = np.concatenate(([math.inf], thresholds))
    return tuple(RocPoint(float(edges[at]), float(fpr[at]), float(recall[at])) for at in kept)


def histogram(attack: Scores, benign: Scores) -> tuple[HistogramBin, ...]:
    """Count both classes in bins of equal width over [0, 1]."""
    attacks = np.bincount(_bins_of(attack, HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)
    harmless = np.bincount(_bins_of(benign, HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)
    return tuple(
        HistogramBin(
            at / HISTOGRAM_BINS, (at + 1) / HISTOGRAM_BINS, int(attacks[at]), int(harmless[at])
        )
        for at in range(HISTOGRAM_BINS)
    )


def _bins_of(scores: Scores, count: int) -> np.ndarray:
    # Edges as they are written in the report: 0.3 belongs to the bin that starts at 0.3.
    edges = np.arange(1, count) / count
    return np.searchsorted(edges, scores, side="right")


def _reaching(scores: Scores, falling: Scores) -> Scores:
    ordered = np.sort(scores)
    shares: Scores = (scores.size - np.searchsorted(ordered, falling, side="left")) / scores.size
    return shares
