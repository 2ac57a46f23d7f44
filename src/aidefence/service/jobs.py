"""Work that is answered later: taken in, done by any worker, kept a while, told to a webhook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import TypeAlias

from aidefence.domain.access import Caller, Role
from aidefence.domain.job import (
    Delivery,
    InterruptedWorkError,
    Job,
    JobKind,
    JobState,
    Task,
)
from aidefence.domain.refusals import NotFoundError, OverloadedError, RefusedError
from aidefence.ports.clock import Clock
from aidefence.ports.ids import Ids
from aidefence.ports.jobs import Courier, JobStore, Taken
from aidefence.service.sealing import Sealer
from aidefence.service.webhooks import Signer, message_of

_log = logging.getLogger("aidefence.jobs")

Handler: TypeAlias = Callable[[Task], bytes]
"""Does one kind of work; gives the answer as the door writes it."""

_LEASE_MS = 30_000
_HEARTBEAT_SECONDS = 10.0
_ATTEMPTS_MAX = 3
_RETRY_MS = 2_000
_TELL_LEASE_MS = 60_000
# After so long a webhook is tried again; then never.
_TELL_AGAIN_MS = (5_000, 30_000, 120_000, 600_000, 3_600_000)
_OVERLOADED_RETRY_MS = 10_000


@dataclass(frozen=True, slots=True)
class JobLimits:
    """How much may wait, and for how long answers are kept."""

    waiting_max: int = 10_000
    """Of one tenant."""
    result_ttl_ms: int = 24 * 3_600_000


class Jobs:
    """The queue of jobs. Safe to share between threads; may wait for a disk."""

    __slots__ = ("_clock", "_courier", "_ids", "_limits", "_sealer", "_signer", "_store")

    def __init__(
        self,
        store: JobStore,
        sealer: Sealer,
        courier: Courier,
        signer: Signer,
        clock: Clock,
        ids: Ids,
        *,
        limits: JobLimits,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._courier = courier
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._limits = limits

    def submit(
        self, kind: JobKind, payload: bytes, caller: Caller, webhook: str | None = None
    ) -> Job:
        """Take in work: on the disk, sealed, when this returns.

        Raises:
            ForbiddenError: the operator does not allow this webhook.
            DisabledError: the operator allows no webhooks.
            OverloadedError: too much waits already.
            UnavailableError: the store does not answer, and nothing was taken in.

        """
        if webhook is not None:
            self._courier.check(webhook)
        if self._store.waiting(caller.tenant) >= self._limits.waiting_max:
            raise OverloadedError("too many jobs wait already", _OVERLOADED_RETRY_MS)
        job = Job(
            id=self._ids.name("job"),
            kind=kind,
            state=JobState.QUEUED,
            caller=caller.id,
            tenant=caller.tenant,
            created_ms=self._clock.now_ms(),
            webhook=webhook,
        )
        self._store.put(job, caller, self._sealer.seal(payload, job.id))
        return job

    def find(self, job_id: str, caller: Caller) -> Job:
        """Return a job, with its result once it is done.

        Raises:
            NotFoundError: there is none, not any more, or not for this caller.
            UnavailableError: the store does not answer.

        """
        found = self._store.find(job_id)
        if found is None or not _visible(found[0], caller):
            raise NotFoundError(f"no job `{job_id[:80]}`, or its result is not kept any more")
        return self._opened(*found)

    def peek(self, job_id: str) -> Job | None:
        """Return a job, for whoever submitted it among us; none where it is not kept any more."""
        found = self._store.find(job_id)
        return None if found is None else found[0]

    def waiting(self) -> int:
        """Count jobs that are not settled."""
        return self._store.waiting()

    def run_next(self, handlers: Mapping[JobKind, Handler]) -> bool:
        """Do the job that waits longest, of those that have a handler; says if there was one."""
        now = self._clock.now_ms()
        taken = self._store.take(handlers.keys(), now, now + _LEASE_MS)
        if taken is None:
            return False
        if taken.attempt > _ATTEMPTS_MAX:
            # Whoever held it ended without a word, again and again: it is not to end us all.
            self._settle(taken, None, "the work was begun several times and never ended")
            return True
        payload = self._sealer.unseal(taken.sealed, taken.job.id)
        if payload is None:
            self._settle(taken, None, "what was to be done cannot be read: its key is gone")
            return True
        task = Task(taken.job.id, taken.job.kind, taken.caller, payload)
        with _Heartbeat(self._store, taken, self._clock):
            self._run(taken, task, handlers[task.kind])
        return True

    def deliver_next(self) -> bool:
        """Tell one webhook that is due; says whether there was one."""
        now = self._clock.now_ms()
        found = self._store.take_delivery(now, now + _TELL_LEASE_MS)
        if found is None:
            return False
        delivery = replace(found[0], job=self._opened(found[0].job, found[1]))
        self._tell(delivery)
        return True

    def erase(self, tenant: str, theirs: Callable[[bytes], bool]) -> int:
        """Forget the jobs of a tenant that hold something of somebody; says how many."""
        gone = 0
        for it in self._store.sealed_of(tenant):
            kept = (self._sealer.unseal(data, it.id) for data in (it.payload, it.result) if data)
            if any(data is not None and theirs(data) for data in kept):
                gone += self._store.drop([it.id])
        return gone

    def purge(self) -> int:
        """Forget what has expired; says how many."""
        return self._store.purge(self._clock.now_ms())

    def _run(self, taken: Taken, task: Task, handler: Handler) -> None:
        try:
            result = handler(task)
        except RefusedError as error:
            self._settle(taken, None, str(error))
        except InterruptedWorkError:
            self._store.put_back(taken, self._clock.now_ms())
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("job failed", extra={"job": task.id, "attempt": taken.attempt})
            if taken.attempt >= _ATTEMPTS_MAX:
                self._settle(taken, None, "we failed: it was not inspected")
            else:
                self._store.put_back(taken, self._clock.now_ms() + _RETRY_MS * taken.attempt)
        else:
            self._settle(taken, self._sealer.seal(result, task.id), None)

    def _settle(self, taken: Taken, sealed: bytes | None, problem: str | None) -> None:
        now = self._clock.now_ms()
        # Where the lease was lost, another worker answers: this answer is not needed.
        self._store.settle(taken, sealed, problem, now, now + self._limits.result_ttl_ms)

    def _tell(self, delivery: Delivery) -> None:
        job = delivery.job
        if job.webhook is None:
            return
        body = message_of(job)
        headers = self._signer.headers(job.id, self._clock.now_ms() // 1000, body)
        problem = self._courier.bring(job.webhook, body, headers)
        now = self._clock.now_ms()
        if problem is None:
            self._store.told(job.id, now)
            return
        again = _TELL_AGAIN_MS[delivery.tries : delivery.tries + 1]
        _log.warning("webhook not told", extra={"job": job.id, "problem": problem})
        self._store.tell_again(job.id, delivery.tries + 1, now + again[0] if again else None)

    def _opened(self, job: Job, sealed: bytes | None) -> Job:
        if sealed is None:
            return job
        result = self._sealer.unseal(sealed, job.id)
        if result is None:
            return replace(
                job, state=JobState.FAILED, problem="the result cannot be read: its key is gone"
            )
        return replace(job, result=result)


class _Heartbeat:
    """Holds a lease for as long as its holder lives."""

    def __init__(self, store: JobStore, taken: Taken, clock: Clock) -> None:
        self._store = store
        self._taken = taken
        self._clock = clock
        self._ended = Event()
        self._thread = Thread(target=self._beat, daemon=True, name="aidefence-lease")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(_HEARTBEAT_SECONDS):
            try:
                self._store.extend(self._taken, self._clock.now_ms() + _LEASE_MS)
            except RefusedError:
                # The store is silent: it will be asked again, before the lease ends.
                _log.warning("lease not extended", extra={"job": self._taken.job.id})


def _visible(job: Job, caller: Caller) -> bool:
    if job.tenant != caller.tenant:
        return False
    return caller.role is not Role.SERVICE or job.caller == caller.id
