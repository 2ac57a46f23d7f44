"""Counters behind limits, as the outside world keeps them for all processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.plans import Claim, Taken


class Counters(Protocol):
    """Counts requests against limits, all of them or none. Safe to share between threads."""

    @property
    def waits(self) -> bool:
        """Whether counting may wait for the network, so that no event loop should do it."""

    def take(self, claims: Sequence[Claim], cost: int, month: int) -> Taken:
        """Count `cost` requests against every claim if none is full, in one step for all callers.

        `month` is the month that quotas are about, as a number that grows.

        Raises:
            UnavailableError: whoever counts does not answer in time.

        """

    def raise_quota(self, subject: int, month: int, used: int) -> int:
        """Make a quota stand at `used` at least; gives where it stands."""
