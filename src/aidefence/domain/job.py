"""Work that is answered later."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.access import Caller
from aidefence.domain.errors import AIDefenceError


class InterruptedWorkError(AIDefenceError):
    """Whoever did the work is about to end; somebody else shall begin again."""


class JobKind(StrEnum):
    """What a job does."""

    DETECT = "detect"
    DETECT_BATCH = "detect.batch"
    VERIFY_POLICY = "policy.verify"


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether nothing more will come."""
        return self in {JobState.DONE, JobState.FAILED}


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker gets to do; `payload` is what the door took, as the door wrote it."""

    id: str
    kind: JobKind
    caller: Caller
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work, as whoever asked for it sees it."""

    id: str
    kind: JobKind
    state: JobState
    caller: str
    tenant: str
    created_ms: int
    settled_ms: int = 0
    expires_ms: int = 0
    """When a settled job is forgotten."""
    attempts: int = 0
    problem: str | None = None
    """Why it failed."""
    result: bytes | None = field(default=None, repr=False)
    """The answer, as the door wrote it."""
    webhook: str | None = None
    told_ms: int = 0
    """When the webhook took the answer; 0 while it did not."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A settled job whose webhook is still to be told."""

    job: Job
    tries: int
