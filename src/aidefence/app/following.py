"""Keeps a process in step with the policies that are deployed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from aidefence.app.housekeeping import keep_doing
from aidefence.app.parts.policies import make_follower
from aidefence.domain.refusals import UnavailableError
from aidefence.service.in_force import InForce
from aidefence.service.rollouts import PolicyStores

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

# Within a second, what was deployed holds in every worker.
_LOOK_SECONDS = 0.25
_FLUSH_SECONDS = 2.0
_END_SECONDS = 2.0


class Following:
    """Two threads: one looks what was deployed, one hands over what was counted."""

    def __init__(
        self,
        settings: Settings,
        stores: PolicyStores,
        in_force: InForce,
        close: Callable[[], None],
    ) -> None:
        """`close` is called when nothing is followed any more."""
        self._settings = settings
        self._stores = stores
        self._in_force = in_force
        self._close = close

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold it open while a worker serves; its first answer is by what is deployed."""
        follower = make_follower(self._settings, self._stores, self._in_force)
        with suppress(UnavailableError):
            # The store is silent: it is asked again and again, a quarter of a second later.
            await asyncio.to_thread(follower.look)
        ended = Event()
        chores: dict[str, tuple[float, Callable[[], None]]] = {
            "policies": (_LOOK_SECONDS, follower.look),
            "policy-counts": (_FLUSH_SECONDS, follower.flush),
        }
        threads = [
            Thread(
                target=keep_doing,
                args=(name, seconds, chore, ended),
                name=f"aidefence-{name}",
                daemon=True,
            )
            for name, (seconds, chore) in chores.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            await asyncio.to_thread(_end, threads)
            with suppress(UnavailableError):
                await asyncio.to_thread(follower.leave)
            await asyncio.to_thread(self._close)


def _end(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(_END_SECONDS)
