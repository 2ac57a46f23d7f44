"""What a worker does beside answering: it does jobs, and sees to it that somebody keeps house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from aidefence.app.housekeeping import Housekeeper, keep_doing, take_rest
from aidefence.app.parts.store import Store
from aidefence.domain.job import JobKind
from aidefence.service.jobs import Handler, Jobs

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_JOB_SECONDS = 0.25


class Steward:
    """Looks after what is remembered, from when a worker begins until after its last answer."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._housekeeper = Housekeeper(settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold it open; in the process that serves, not before it is forked."""
        self._housekeeper.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._store.log.close()
        self._housekeeper.stop()
        take_rest(self._store)


class JobWorkers:
    """Threads that do jobs. All workers have them; leases say who does which."""

    def __init__(self, jobs: Jobs, handlers: Mapping[JobKind, Handler], threads: int) -> None:
        self._ended = Event()
        chore = ("jobs", _JOB_SECONDS, lambda: jobs.run_next(handlers), self._ended)
        self._threads = [
            Thread(target=keep_doing, args=chore, name="aidefence-jobs", daemon=True)
            for _ in range(threads)
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold them open; at the end, what is being done is done first."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            await asyncio.to_thread(self._join)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()
