"""Places for work that takes longer than microseconds: so many at once, the urgent ones first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock

from aidefence.domain.asking import Priority
from aidefence.domain.refusals import DeadlineError, OverloadedError

_NS_PER_SECOND = 1_000_000_000
_NS_PER_MS = 1_000_000
_RETRY_MS_MIN = 100
# How much the last visit counts in the usual time of a visit.
_WEIGHT = 0.1
_LATE = "the time for this request was over before its turn came"
_FULL = "too much is waiting already"
_OUSTED = "more urgent requests came in while this one waited"


@dataclass(order=True, slots=True)
class _Waiting:
    rank: int
    number: int
    turn: Future[None] = field(compare=False)


class Seats:
    """Lets so many work at once and so many wait. Safe to share between threads and loops."""

    __slots__ = ("_free", "_lock", "_now_ns", "_numbers", "_usual_ns", "_waiting", "_waiting_max")

    def __init__(self, seats: int, waiting_max: int, now_ns: Callable[[], int]) -> None:
        self._free = seats
        self._waiting_max = waiting_max
        self._now_ns = now_ns
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        self._lock = Lock()
        self._usual_ns = float(_RETRY_MS_MIN * _NS_PER_MS)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def taken(self, priority: Priority, deadline_ns: int) -> Iterator[None]:
        """Hold a seat; a thread waits for it.

        Raises:
            OverloadedError: too many wait, and all of them are as urgent.
            DeadlineError: the time was over first.

        """
        turn = self._ask_for(priority)
        if turn is not None:
            try:
                turn.result(self._seconds_to(deadline_ns))
            except TimeoutError:
                self._give_up(turn)
                raise DeadlineError(_LATE) from None
        began_ns = self._now_ns()
        try:
            yield
        finally:
            self._leave(began_ns)

    async def take(self, priority: Priority, deadline_ns: int) -> Callable[[], None]:
        """Take a seat, without a thread that waits for it; gives what leaves it again.

        Raises:
            OverloadedError: too many wait, and all of them are as urgent.
            DeadlineError: the time was over first.

        """
        turn = self._ask_for(priority)
        if turn is not None:
            try:
                await asyncio.wait_for(asyncio.wrap_future(turn), self._seconds_to(deadline_ns))
            except TimeoutError:
                self._give_up(turn)
                raise DeadlineError(_LATE) from None
            except asyncio.CancelledError:
                self._give_up(turn)
                raise
        return partial(self._leave, self._now_ns())

    def _ask_for(self, priority: Priority) -> Future[None] | None:
        """Take a free seat, or join those that wait."""
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            ousted = self._oust(priority)
            mine = _Waiting(priority.code, next(self._numbers), Future())
            self._waiting.append(mine)
            retry_ms = self._retry_ms()
        if ousted is not None and ousted.turn.set_running_or_notify_cancel():
            ousted.turn.set_exception(OverloadedError(_OUSTED, retry_ms))
        return mine.turn

    def _oust(self, priority: Priority) -> _Waiting | None:
        """Make room among those that wait: the least urgent that came last goes."""
        if len(self._waiting) < self._waiting_max:
            return None
        last = max(self._waiting, default=None)
        if last is None or last.rank <= priority.code:
            raise OverloadedError(_FULL, self._retry_ms())
        self._waiting.remove(last)
        return last

    def _leave(self, began_ns: int) -> None:
        with self._lock:
            took_ns = self._now_ns() - began_ns
            self._usual_ns += _WEIGHT * (took_ns - self._usual_ns)
        self._pass_on()

    def _pass_on(self) -> None:
        """Give a seat to whoever is next, and still there."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                first = min(self._waiting)
                self._waiting.remove(first)
            if first.turn.set_running_or_notify_cancel():
                first.turn.set_result(None)
                return

    def _give_up(self, turn: Future[None]) -> None:
        with self._lock:
            left = [it for it in self._waiting if it.turn is not turn]
            was_waiting = len(left) < len(self._waiting)
            self._waiting = left
        if not was_waiting and not turn.cancel() and turn.exception() is None:
            # It was given to us at the very moment that we went.
            self._pass_on()

    def _seconds_to(self, deadline_ns: int) -> float:
        return max(0.0, (deadline_ns - self._now_ns()) / _NS_PER_SECOND)

    def _retry_ms(self) -> int:
        usual_ms = self._usual_ns / _NS_PER_MS
        return max(_RETRY_MS_MIN, round(usual_ms * (1 + len(self._waiting))))
