"""Why a door does not do what it was asked; each door has words of its own for these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.content import Degraded
from aidefence.domain.errors import AIDefenceError


@dataclass(slots=True)
class Allowance:
    """How much of a limit is left: requests, and seconds until it is whole. Never changed."""

    policy: str
    limit: int
    remaining: int
    reset_seconds: int
    degraded: Degraded | None = None
    """Why it is not counted as it should be."""


class RefusedError(AIDefenceError):
    """A request that is not carried out."""


class UnauthenticatedError(RefusedError):
    """Nobody knows who asks: no credentials, wrong ones, or expired ones."""


class ForbiddenError(RefusedError):
    """We know who asks, and they may not."""


class NotFoundError(RefusedError):
    """There is no such thing, or not for this caller."""


class ConflictError(RefusedError):
    """Somebody else was faster, or the thing is not in a state that allows this."""


class DisabledError(RefusedError):
    """An operator has switched this off, or never on."""


class LimitedError(RefusedError):
    """Too much in too short a time, or more than the plan allows."""

    def __init__(self, reason: str, retry_after_ms: int, allowance: Allowance) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_ms = retry_after_ms
        self.allowance = allowance

    def __reduce__(self) -> tuple[type[LimitedError], tuple[str, int, Allowance]]:
        return type(self), (self.reason, self.retry_after_ms, self.allowance)


class OverloadedError(RefusedError):
    """More is going on than can be served in time."""

    def __init__(self, reason: str, retry_after_ms: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_ms = retry_after_ms

    def __reduce__(self) -> tuple[type[OverloadedError], tuple[str, int]]:
        return type(self), (self.reason, self.retry_after_ms)


class UnavailableError(RefusedError):
    """Something that is needed does not answer: a store, a cache, an upstream."""


class DeadlineError(RefusedError):
    """The time for this request is over."""


class WhenFull(StrEnum):
    """What becomes of a request whose turn does not come in time."""

    REFUSE = "refuse"
    DEGRADE = "degrade"
