"""What a worker does beside answering: fold journals, do jobs, tell webhooks, purge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Event, Thread

from aidefence.app.parts.store import Store
from aidefence.domain.job import JobKind
from aidefence.domain.refusals import UnavailableError
from aidefence.service.jobs import Handler

_log = logging.getLogger("aidefence.steward")

_FOLD_SECONDS = 0.25
_JOB_SECONDS = 0.25
_WEBHOOK_SECONDS = 1.0
_PURGE_SECONDS = 600.0
# While the store does not answer, it is not asked more often than this.
_PATIENCE_SECONDS = 2.0


class Steward:
    """Threads of one worker. All workers have them; locks and leases say who does what."""

    def __init__(
        self, store: Store, handlers: Mapping[JobKind, Handler], *, job_threads: int
    ) -> None:
        self._store = store
        self._stopping = Event()
        jobs = store.jobs
        chores: list[tuple[str, float, Callable[[], object]]] = [
            ("fold", _FOLD_SECONDS, store.folding.fold),
            ("webhooks", _WEBHOOK_SECONDS, jobs.deliver_next),
            ("purge", _PURGE_SECONDS, self._purge),
        ]
        if handlers:
            job = ("jobs", _JOB_SECONDS, lambda: jobs.run_next(handlers))
            chores.extend([job] * job_threads)
        self._threads = [
            Thread(target=self._keep_doing, args=chore, name=f"aidefence-{chore[0]}", daemon=True)
            for chore in chores
        ]

    def start(self) -> None:
        """Begin; in the process that is to do the work, not before it is forked."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End what is being done and do nothing more; then take over what this worker wrote."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._store.log.close()
        try:
            self._store.folding.fold()
        except UnavailableError as error:
            _log.warning("journals wait for the next start", extra={"reason": str(error)})
        self._store.database.close()

    def _keep_doing(self, name: str, seconds: float, chore: Callable[[], object]) -> None:
        while not self._stopping.is_set():
            pause = seconds
            try:
                if chore():
                    # There may be more at once.
                    continue
            except UnavailableError as error:
                pause = max(seconds, _PATIENCE_SECONDS)
                _log.warning("the store does not answer", extra={"by": name, "reason": str(error)})
            except Exception:  # noqa: BLE001 -- a thread that ends in silence would stop it all
                pause = max(seconds, _PATIENCE_SECONDS)
                _log.exception("a chore failed", extra={"by": name})
            self._stopping.wait(pause)

    def _purge(self) -> bool:
        self._store.retention.purge()
        self._store.jobs.purge()
        return False
