"""How long a body may take, watched without a timer for each.

Nearly all bodies are there at once. To set a timer for one and to take it back costs more than all
else about it: so one timer looks, a few times within what is allowed, who is late.
"""

from __future__ import annotations

import asyncio

_LOOKS = 8
_PAUSE_SECONDS_MAX = 1.0


class Patience:
    """Cancels tasks of one event loop that take too long."""

    __slots__ = ("_late", "_loop", "_timer", "_until")

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(
        self, task: asyncio.Task[object], loop: asyncio.AbstractEventLoop, seconds: float
    ) -> None:
        """Wait for a task so long from now on."""
        self._until[task] = loop.time() + seconds
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._look_again(loop, min(seconds / _LOOKS, _PAUSE_SECONDS_MAX))

    def is_late(self, task: asyncio.Task[object]) -> bool:
        """Whether a task was cancelled because it took too long."""
        return task in self._late

    def end(self, task: asyncio.Task[object]) -> None:
        """Wait for it no longer."""
        del self._until[task]
        self._late.discard(task)

    def _look_again(self, loop: asyncio.AbstractEventLoop, pause: float) -> None:
        self._timer = loop.call_later(pause, self._look, loop, pause)

    def _look(self, loop: asyncio.AbstractEventLoop, pause: float) -> None:
        self._timer = None
        if not self._until:
            # Nobody is reading: whoever reads next begins to look again.
            return
        now = loop.time()
        for task, until in self._until.items():
            if until <= now and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._look_again(loop, pause)
