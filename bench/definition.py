"""What one measurement is, and what it must reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.record import Bar, Outcome


@dataclass(frozen=True, slots=True)
class Definition:
    """One measurement."""

    name: str
    what: str
    place: str
    cores: int
    bars: tuple[Bar, ...]
    measure: Callable[[], Outcome]


def least(metric: str, limit: float, unit: str) -> Bar:
    """At least so much."""
    return Bar(metric, limit, unit, at_least=True)


def under(metric: str, limit: float, unit: str) -> Bar:
    """Less than so much."""
    return Bar(metric, limit, unit, at_least=False)
