"""Keeps the counts of the month and what is remembered of them in step."""

from __future__ import annotations

from aidefence.ports.clock import Clock
from aidefence.ports.counting import Counters
from aidefence.ports.usage import UsageStore
from aidefence.service.limits import Limiter, month_of


class Quotas:
    """Both sides only grow, and each is raised to the other: whichever was lost comes back."""

    __slots__ = ("_clock", "_counters", "_limiter", "_month", "_store", "_written")

    def __init__(
        self, limiter: Limiter, counters: Counters, store: UsageStore, clock: Clock
    ) -> None:
        self._limiter = limiter
        self._counters = counters
        self._store = store
        self._clock = clock
        self._month: int | None = None
        self._written: dict[str, int] = {}

    def keep(self) -> None:
        """Remember what was counted; in a new month or process, first count what is remembered.

        Raises:
            UnavailableError: the store or the counters do not answer; the next time catches up.

        """
        month = month_of(self._clock.now_ms()).number
        if month != self._month:
            self._written = dict(self._store.used(month))
            for tenant, used in self._written.items():
                self._counters.raise_quota(self._limiter.subject_of(tenant), month, used)
            self._month = month
        counted = {
            tenant: self._counters.raise_quota(self._limiter.subject_of(tenant), month, 0)
            for tenant in self._limiter.tenants
        }
        grown = {it: used for it, used in counted.items() if used > self._written.get(it, 0)}
        if grown:
            self._store.raise_to(month, grown)
            self._written |= grown
