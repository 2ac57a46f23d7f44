"""What a plan allows, and how limits on requests are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from aidefence.domain.asking import Detector

TICKS_PER_SECOND = 10_000_000
"""Limits count time in tenths of microseconds: whole numbers, exact in every store."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, and so many at once after a rest."""

    per_second: float
    burst: int

    @property
    def interval_ticks(self) -> int:
        """How long one request takes to be forgotten; rounded so that never more get through."""
        return max(1, -int(-TICKS_PER_SECOND // self.per_second))

    @property
    def window_ticks(self) -> int:
        """How long a whole burst takes to be forgotten."""
        return self.interval_ticks * self.burst


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tenant gets under a plan; none means without limit."""

    rate: Rate | None = None
    requests_per_month: int | None = None
    detectors: tuple[Detector, ...] = tuple(Detector)
    learning: bool = True
    """Whether feedback of this tenant may change what the installation knows."""


class Claim(NamedTuple):
    """One limit that a request counts against."""

    policy: str
    """What kind of limit, as the client is told."""
    subject: int
    """Whom it is about: a digest of 64 bits, never 0, so that no store holds names or addresses."""
    limit: int
    """At most so many at once, or in a month."""
    interval_ticks: int
    """How long one request takes to be forgotten; 0 for a quota, which is counted by month."""


class Taken(NamedTuple):
    """What counting a request came to.

    `levels` are, claim by claim, the ticks until all is forgotten, or the requests of this month.
    Where `refused` is the place of a claim that is full, nothing was counted, and `levels` end
    with how that one stands.
    """

    levels: tuple[int, ...]
    refused: int | None = None
