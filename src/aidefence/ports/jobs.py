"""Work that is answered later, as the outside world keeps it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aidefence.domain.access import Caller
from aidefence.domain.job import Delivery, Job, JobKind


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that a worker holds until its lease ends; `attempt` names this lease."""

    job: Job
    caller: Caller
    attempt: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedJob:
    """What a job is to work on and what came out, as far as either is kept."""

    id: str
    payload: bytes | None = field(repr=False)
    result: bytes | None = field(repr=False)


class JobStore(Protocol):
    """Keeps jobs. A job is held by one worker at a time; a lease that ended frees it.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def put(self, job: Job, caller: Caller, sealed: bytes) -> None:
        """Keep a new job with what it is to work on."""

    def find(self, job_id: str) -> tuple[Job, bytes | None] | None:
        """Return a job and its sealed result."""

    def waiting(self, tenant: str | None = None) -> int:
        """Count jobs that are not settled."""

    def take(self, kinds: Collection[JobKind], now_ms: int, until_ms: int) -> Taken | None:
        """Take the job of one of these kinds that waits longest."""

    def extend(self, taken: Taken, until_ms: int) -> bool:
        """Hold a job for longer; false where the lease was lost."""

    def settle(
        self, taken: Taken, sealed: bytes | None, problem: str | None, now_ms: int, expires_ms: int
    ) -> bool:
        """Settle a job and forget what it worked on; false where the lease was lost."""

    def put_back(self, taken: Taken, at_ms: int) -> bool:
        """Let a job be tried again from a moment on; false where the lease was lost."""

    def take_delivery(self, now_ms: int, until_ms: int) -> tuple[Delivery, bytes | None] | None:
        """Take a settled job whose webhook is to be told now, with its sealed result."""

    def told(self, job_id: str, now_ms: int) -> None:
        """The webhook took it."""

    def tell_again(self, job_id: str, tries: int, at_ms: int | None) -> None:
        """The webhook did not take it: again at a moment, or never."""

    def sealed_of(self, tenant: str) -> Iterator[SealedJob]:
        """Give what is kept of every job of a tenant."""

    def drop(self, job_ids: Collection[str]) -> int:
        """Forget jobs, settled or not; says how many."""

    def purge(self, now_ms: int) -> int:
        """Forget settled jobs that have expired; says how many."""


class Courier(Protocol):
    """Brings answers to webhooks."""

    def check(self, url: str) -> None:
        """Look whether we would go there.

        Raises:
            ForbiddenError: the operator does not allow it.
            DisabledError: the operator allows no webhooks at all.

        """

    def bring(self, url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Post a body; gives what went wrong, none if it was taken."""
