"""Jobs, in the store. Who takes one holds it by a lease, and its attempt says which lease."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import JOBS
from aidefence.domain.access import Caller, Permission, Plan, Role
from aidefence.domain.job import Delivery, Job, JobKind, JobState
from aidefence.ports.jobs import SealedJob, Taken

_AT_ONCE = 100
_QUEUED, _RUNNING = JobState.QUEUED.value, JobState.RUNNING.value


class JobTable:
    """Keeps jobs, what they work on and what came out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, job: Job, caller: Caller, sealed: bytes) -> None:
        """Keep a new job with what it is to work on."""
        row = {
            "id": job.id,
            "kind": job.kind.value,
            "state": _QUEUED,
            "tenant": job.tenant,
            "caller": _write_caller(caller),
            "created_ms": job.created_ms,
            "due_ms": job.created_ms,
            "attempt": 0,
            "payload": sealed,
            "settled_ms": 0,
            "expires_ms": 0,
            "webhook": job.webhook,
            "tries": 0,
            "told_ms": 0,
        }
        with self._database.change() as connection:
            connection.execute(insert(JOBS).values(**row))

    def find(self, job_id: str) -> tuple[Job, bytes | None] | None:
        """Return a job and its sealed result."""
        with self._database.read() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()
        return None if row is None else (_open(row), row.result)

    def waiting(self, tenant: str | None = None) -> int:
        """Count jobs that are not settled."""
        query = select(func.count()).where(JOBS.c.state.in_([_QUEUED, _RUNNING]))
        if tenant is not None:
            query = query.where(JOBS.c.tenant == tenant)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def take(self, kinds: Collection[JobKind], now_ms: int, until_ms: int) -> Taken | None:
        """Take the job that waits longest: a new one, or one whose lease has ended."""
        # `due_ms` is when a queued job may begin, and when the lease of a running one ends.
        waiting = JOBS.c.state.in_([_QUEUED, _RUNNING]) & (JOBS.c.due_ms <= now_ms)
        ours = JOBS.c.kind.in_([it.value for it in kinds])
        query = select(JOBS).where(waiting, ours).order_by(JOBS.c.due_ms, JOBS.c.id).limit(1)
        with self._database.read() as connection:
            # Most of the time there is nothing, and nothing is to be locked for it.
            if connection.execute(query).one_or_none() is None:
                return None
        with self._database.change() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            attempt = row.attempt + 1
            new = {"state": _RUNNING, "due_ms": until_ms, "attempt": attempt}
            connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(**new))
        return Taken(_open(row), _read_caller(row.caller), attempt, row.payload or b"")

    def extend(self, taken: Taken, until_ms: int) -> bool:
        """Hold a job for longer; false where the lease was lost."""
        return self._change(taken, {"due_ms": until_ms})

    def settle(
        self, taken: Taken, sealed: bytes | None, problem: str | None, now_ms: int, expires_ms: int
    ) -> bool:
        """Settle a job and forget what it worked on; false where the lease was lost."""
        state = JobState.DONE if problem is None else JobState.FAILED
        new = {
            "state": state.value,
            "payload": None,
            "result": sealed,
            "problem": problem,
            "settled_ms": now_ms,
            "expires_ms": expires_ms,
            "tell_ms": None if taken.job.webhook is None else now_ms,
        }
        return self._change(taken, new)

    def put_back(self, taken: Taken, at_ms: int) -> bool:
        """Let a job be tried again from a moment on; false where the lease was lost."""
        return self._change(taken, {"state": _QUEUED, "due_ms": at_ms})

    def take_delivery(self, now_ms: int, until_ms: int) -> tuple[Delivery, bytes | None] | None:
        """Take a settled job whose webhook is to be told now, with its sealed result."""
        query = select(JOBS).where(JOBS.c.tell_ms <= now_ms).order_by(JOBS.c.tell_ms).limit(1)
        with self._database.read() as connection:
            if connection.execute(query).one_or_none() is None:
                return None
        with self._database.change() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(tell_ms=until_ms))
        return Delivery(_open(row), row.tries), row.result

    def told(self, job_id: str, now_ms: int) -> None:
        """The webhook took it."""
        with self._database.change() as connection:
            new = {"tell_ms": None, "told_ms": now_ms}
            connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**new))

    def tell_again(self, job_id: str, tries: int, at_ms: int | None) -> None:
        """The webhook did not take it: again at a moment, or never."""
        with self._database.change() as connection:
            new = {"tell_ms": at_ms, "tries": tries}
            connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**new))

    def sealed_of(self, tenant: str) -> Iterator[SealedJob]:
        """Give what is kept of every job of a tenant."""
        last = ""
        while True:
            query = (
                select(JOBS.c.id, JOBS.c.payload, JOBS.c.result)
                .where(JOBS.c.tenant == tenant, JOBS.c.id > last)
                .order_by(JOBS.c.id)
                .limit(_AT_ONCE)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            yield from (SealedJob(*row) for row in rows)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1].id

    def drop(self, job_ids: Collection[str]) -> int:
        """Forget jobs, settled or not; says how many."""
        with self._database.change() as connection:
            return connection.execute(delete(JOBS).where(JOBS.c.id.in_(job_ids))).rowcount

    def purge(self, now_ms: int) -> int:
        """Forget settled jobs that have expired; says how many."""
        # One whose webhook is still to be told stays until it was told, or never will be.
        expired = (JOBS.c.expires_ms > 0) & (JOBS.c.expires_ms <= now_ms)
        with self._database.change() as connection:
            gone = connection.execute(delete(JOBS).where(expired, JOBS.c.tell_ms.is_(None)))
            return gone.rowcount

    def _change(self, taken: Taken, new: dict[str, Any]) -> bool:
        held = (JOBS.c.state == _RUNNING) & (JOBS.c.attempt == taken.attempt)
        with self._database.change() as connection:
            mine = (JOBS.c.id == taken.job.id) & held
            return connection.execute(update(JOBS).where(mine).values(**new)).rowcount == 1


def _open(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        state=JobState(row.state),
        caller=_read_caller(row.caller).id,
        tenant=row.tenant,
        created_ms=row.created_ms,
        settled_ms=row.settled_ms,
        expires_ms=row.expires_ms,
        attempts=row.attempt,
        problem=row.problem,
        webhook=row.webhook,
        told_ms=row.told_ms,
    )


def _write_caller(caller: Caller) -> str:
    return json.dumps(
        {
            "id": caller.id,
            "role": caller.role.value,
            "permissions": sorted(caller.permissions),
            "tenant": caller.tenant,
            "plan": caller.plan.value,
        }
    )


def _read_caller(text: str) -> Caller:
    told = json.loads(text)
    return Caller(
        told["id"],
        Role(told["role"]),
        frozenset(map(Permission, told["permissions"])),
        told["tenant"],
        Plan(told["plan"]),
    )
