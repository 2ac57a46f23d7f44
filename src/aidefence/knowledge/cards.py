"""What all cards of models have in common: how their parts are read and refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from aidefence.domain.enums import CATEGORIES

KNOTS_MAX = 4096
_DIGEST_LENGTH = 64

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Platt:
    """A logit made a probability by a line and a sigmoid."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Knots:
    """A logit made a probability by a rising curve through points, flat outside."""

    points: tuple[Point, ...]


Calibration: TypeAlias = Platt | Knots


def reason(error: Exception) -> str:
    """Say what is wrong with a card, from what its reading raised."""
    return f"no key {error}" if isinstance(error, KeyError) else str(error)


def mapping(value: object) -> Mapping[str, object]:
    """Read an object."""
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, not a `{type(value).__name__}`")
    return value


def number(value: object) -> float:
    """Read a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"expected a finite number, not `{value}`")
    return float(value)


def digest(value: object) -> str:
    """Read a SHA-256."""
    if not isinstance(value, str) or len(value) != _DIGEST_LENGTH:
        raise ValueError(f"expected a SHA-256 in hexadecimal, not `{value}`")
    return value.lower()


def digest_or_none(value: object) -> str | None:
    """Read a SHA-256, or `null` where the card is bound to nothing."""
    return None if value is None else digest(value)


def pair(value: object) -> Point:
    """Read two numbers."""
    if not isinstance(value, list):
        raise TypeError("expected a pair of numbers")
    first, second = map(number, value)
    return first, second


def band(value: object) -> Point:
    """Read the lowest and the highest confidence of a range."""
    low, high = pair(value)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"band `{low}..{high}` is no range of confidences")
    return low, high


def kinds(value: object) -> list[str]:
    """Read a list of categories."""
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise ValueError("kinds are categories, each once")
    return [_category(str(name)) for name in value]


def weights(
    given: Mapping[str, object], known: tuple[str, ...], named: list[str]
) -> tuple[tuple[str, float], ...]:
    """Read the weights of a fusion; kinds are called `kind_<category>`."""
    names = {*known, *(f"kind_{name}" for name in named)}
    for name in given:
        if name not in names:
            raise ValueError(f"fusion cannot weigh `{name}`: expected {', '.join(sorted(names))}")
    return tuple((name, number(weight)) for name, weight in given.items())


def calibration(given: Mapping[str, object]) -> Calibration:
    """Read how a logit becomes a probability."""
    if "knots" not in given:
        return platt(given)
    points = given["knots"]
    if not isinstance(points, list) or not 0 < len(points) <= KNOTS_MAX:
        raise ValueError(f"expected 1 to {KNOTS_MAX} knots")
    return Knots(_rising_points(tuple(map(pair, points))))


def platt(given: Mapping[str, object]) -> Platt:
    """Read a line under a sigmoid."""
    slope = number(given["slope"])
    if slope <= 0:
        raise ValueError("the slope of a calibration must rise")
    return Platt(slope, number(given["intercept"]))


def rates(given: Mapping[str, object]) -> tuple[float, float, float]:
    """Read the confidences at which 5 %, 1 % and 0.2 % of benign texts are flagged."""
    first, second, third = (number(given[key]) for key in ("fpr_5", "fpr_1", "fpr_02"))
    if not 0 < first < second < third < 1:
        raise ValueError("thresholds must rise from fpr_5 over fpr_1 to fpr_02, between 0 and 1")
    return first, second, third


def _category(name: str) -> str:
    if name not in CATEGORIES:
        raise ValueError(f"`{name}` is no category")
    return name


def _rising_points(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if any(left[0] >= right[0] or left[1] > right[1] for left, right in pairwise(points)):
        raise ValueError("the knots of a calibration must rise")
    if points[0][1] < 0 or points[-1][1] > 1:
        raise ValueError("the knots of a calibration lie between 0 and 1")
    return points
