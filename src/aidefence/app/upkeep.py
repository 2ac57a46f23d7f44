"""Small chores of a worker: look for new keys, remember what was used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Event, Thread

from aidefence.app.housekeeping import keep_doing
from aidefence.app.parts.access import Access
from aidefence.app.parts.limits import Limits
from aidefence.domain.refusals import UnavailableError

# Within a second, a key that was revoked must open nothing.
_KEYS_SECONDS = 0.25
_QUOTAS_SECONDS = 2.0
_USE_SECONDS = 60.0
# A store that hangs is left to hang: nothing is lost that the next start does not find.
_END_SECONDS = 2.0
_TURNED_AWAY_SECONDS = 1.0


class Upkeep:
    """One thread for each chore, so that none waits for another's store."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self._ended = Event()
        self._away = access.away
        chores: dict[str, tuple[float, Callable[[], None]]] = {
            "keys": (_KEYS_SECONDS, access.ring.refresh),
            "key-use": (_USE_SECONDS, access.ring.note_use),
            "turned-away": (_TURNED_AWAY_SECONDS, access.away.write),
            "quotas": (_QUOTAS_SECONDS, limits.quotas.keep),
        }
        self._threads = [
            Thread(
                target=keep_doing,
                args=(name, seconds, chore, self._ended),
                name=f"aidefence-{name}",
                daemon=True,
            )
            for name, (seconds, chore) in chores.items()
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold it open while a worker serves."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(_END_SECONDS)
        with suppress(UnavailableError):
            self._away.write_rest()
