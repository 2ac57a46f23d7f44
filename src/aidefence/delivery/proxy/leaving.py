"""Notice that a client has gone away, and let go of all that is done for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive


class Leaving:
    """Cancels the task that made it when the client goes away; stop it when nobody waits."""

    __slots__ = ("_receive", "_task", "_watch", "gone")

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive
        self._task = asyncio.current_task()
        self._watch = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        self._watch.cancel()

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
