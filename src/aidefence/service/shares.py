"""How much slow work one caller may have going at once, so that no one takes all seats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from aidefence.domain.access import Caller
from aidefence.domain.refusals import Allowance, LimitedError

POLICY = "at-once"
_RETRY_MS = 1000


class Shares:
    """Counts the slow work of each caller in this process. Safe to share between threads."""

    __slots__ = ("_lock", "_most", "_there")

    def __init__(self, most: int | None) -> None:
        """`most` are in work or wait for their turn at once; none is without limit."""
        self._most = most
        self._there: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def held(self, caller: Caller) -> Iterator[None]:
        """Count one more until the end of the block.

        Raises:
            LimitedError: the caller has as many as may be.

        """
        self.enter(caller)
        try:
            yield
        finally:
            self.leave(caller)

    def enter(self, caller: Caller) -> None:
        """Count one more.

        Raises:
            LimitedError: the caller has as many as may be.

        """
        if self._most is None:
            return
        with self._lock:
            if self._there[caller.id] >= self._most:
                reason = f"{self._most} requests that take long are in work for you already"
                raise LimitedError(reason, _RETRY_MS, Allowance(POLICY, self._most, 0, 1))
            self._there[caller.id] += 1

    def leave(self, caller: Caller) -> None:
        """Count one less."""
        if self._most is None:
            return
        with self._lock:
            self._there[caller.id] -= 1
            if not self._there[caller.id]:
                del self._there[caller.id]
