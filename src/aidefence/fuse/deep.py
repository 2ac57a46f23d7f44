"""Weigh the deep model's reading together with what tier 1 says of the same text."""

from __future__ import annotations

import math
from bisect import bisect_right

from aidefence.domain.enums import Direction, Origin
from aidefence.domain.reading import EncoderReading, Opinion, brevity, sigmoid
from aidefence.fuse.scale import scale_of
from aidefence.knowledge.cards import Calibration, Platt, Point
from aidefence.knowledge.deep import DeepCard

_DOCUMENTS = frozenset(it.code for it in (Origin.TOOL, Origin.RETRIEVAL, Origin.MEMORY))
_SYSTEM = Origin.SYSTEM.code
_OUTGOING = Direction.OUTPUT.code
_LOGIT_MAX = 30.0


class UnusableReadingError(ValueError):
    """The model answered with something that is no number, or not with what its card says."""


class DeepFusion:
    """Combines by the card of a deep model, on the scale of the policy's anchors."""

    __slots__ = ("_card", "_kinds", "_scale")

    def __init__(self, card: DeepCard, anchors: tuple[float, float, float]) -> None:
        """`anchors` are the confidences of tier 1 at false-alarm rates of 5 %, 1 % and 0.2 %."""
        self._card = card
        self._kinds = card.kind_features
        self._scale = scale_of(card.fpr, anchors)

    def weigh(
        self,
        reading: EncoderReading,
        tier1_logit: float,
        origin: int,
        direction: int,
        characters: int,
    ) -> Opinion:
        """Combine what was read of a text of so many characters.

        Raises:
            UnusableReadingError: there is nothing to combine.

        """
        card = self._card
        if len(reading.kind_logits) != len(card.kinds):
            raise UnusableReadingError("the model and its card differ in the kinds of attack")
        features = _features(reading, tier1_logit, origin, direction)
        features["brevity"] = brevity(characters)
        features |= zip(self._kinds, reading.kind_logits, strict=True)
        logit = card.bias + sum(weight * features[name] for name, weight in card.weights)
        if not math.isfinite(logit) or not math.isfinite(reading.harm_logit):
            raise UnusableReadingError("the model answered with no number")
        logit = max(-_LOGIT_MAX, min(_LOGIT_MAX, logit))
        harm = 0.0 if card.harm is None else calibrated(card.harm, reading.harm_logit)
        return Opinion(
            confidence=interpolated(self._scale, calibrated(card.calibration, logit)),
            harm=harm,
            logit=logit,
            kind=_likeliest(card.kinds, reading.kind_logits),
            start=reading.start,
            end=reading.end,
            cut_short=reading.cut_short,
        )


def calibrated(calibration: Calibration, logit: float) -> float:
    """Turn a logit into a probability."""
    if isinstance(calibration, Platt):
        return sigmoid(calibration.slope * logit + calibration.intercept)
    return interpolated(calibration.points, logit)


def interpolated(points: tuple[Point, ...], x: float) -> float:
    """Read a curve through points: linear between them, flat outside."""
    after = bisect_right(points, x, key=lambda point: point[0])
    if after == 0:
        return points[0][1]
    if after == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[after - 1], points[after]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def _features(
    reading: EncoderReading, tier1_logit: float, origin: int, direction: int
) -> dict[str, float]:
    return {
        "tier1": tier1_logit,
        "attack": reading.attack_logit,
        "window": reading.window_logit,
        "sentence": reading.sentence_logit,
        "harm": reading.harm_logit,
        # Framing around something harmful is worse than either alone.
        "attack_harm": reading.attack * reading.harm,
        "document": float(origin in _DOCUMENTS),
        "system": float(origin == _SYSTEM),
        "outgoing": float(direction == _OUTGOING),
    }


def _likeliest(kinds: tuple[int, ...], logits: tuple[float, ...]) -> int | None:
    if not kinds:
        return None
    return max(zip(logits, kinds, strict=True), key=lambda pair: (pair[0], -pair[1]))[1]
