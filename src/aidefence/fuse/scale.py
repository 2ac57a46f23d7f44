"""One scale for all tiers: a threshold must mean the same whoever has spoken."""

from __future__ import annotations

from itertools import pairwise

from aidefence.knowledge.cards import Point


def scale_of(
    rates: tuple[float, float, float], anchors: tuple[float, float, float]
) -> tuple[Point, ...]:
    """Lay confidences of a model over those of tier 1, at the same false-alarm rates."""
    return _rising(((0.0, 0.0), *zip(rates, anchors, strict=True), (1.0, 1.0)))


def _rising(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Leave out what does not rise: anchors may lie at the ends of the scale."""
    kept = [points[0]]
    for _, point in pairwise(points):
        if point[0] > kept[-1][0]:
            kept.append((point[0], max(point[1], kept[-1][1])))
    return tuple(kept)
