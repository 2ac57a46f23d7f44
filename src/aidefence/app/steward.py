"""What a worker does beside answering: it does jobs, and sees to it that somebody keeps house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from threading import Event, Thread

from aidefence.app.housekeeping import Housekeeper, keep_doing, take_rest
from aidefence.app.parts.store import Store
from aidefence.app.settings import Settings
from aidefence.domain.job import JobKind
from aidefence.service.jobs import Handler

_JOB_SECONDS = 0.25


class Steward:
    """Threads of one worker. All workers have them; locks and leases say who does what."""

    def __init__(
        self, settings: Settings, store: Store, handlers: Mapping[JobKind, Handler]
    ) -> None:
        """`handlers` do jobs; without any, this worker does none."""
        self._store = store
        self._ended = Event()
        self._housekeeper = Housekeeper(settings)
        chore = ("jobs", _JOB_SECONDS, lambda: store.jobs.run_next(handlers), self._ended)
        self._threads = [
            Thread(target=keep_doing, args=chore, name="aidefence-jobs", daemon=True)
            for _ in range(settings.store.job_threads if handlers else 0)
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold it open while a worker serves."""
        self.start()
        try:
            yield
        finally:
            await asyncio.to_thread(self.stop)

    def start(self) -> None:
        """Begin; in the process that is to do the work, not before it is forked."""
        self._housekeeper.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the job that is being done, and take over what this worker wrote."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._store.log.close()
        self._housekeeper.stop()
        take_rest(self._store)
