"""Decisions that a person looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.episode import Episode
from aidefence.domain.feedback import GroundTruth


class ReviewReason(StrEnum):
    """Why a person is asked."""

    POLICY = "policy"
    """The action is `review`."""
    SAMPLE = "sample"
    """A sample of what we are least sure of."""


class ReviewState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    CLAIMED = "claimed"
    APPROVED = "approved"
    """The content is harmless: what was withheld may pass."""
    REJECTED = "rejected"
    """It is an attack."""

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be decided."""
        return self in {ReviewState.APPROVED, ReviewState.REJECTED}

    @property
    def truth(self) -> GroundTruth | None:
        """What a settled case says about the content."""
        return {
            ReviewState.APPROVED: GroundTruth.BENIGN,
            ReviewState.REJECTED: GroundTruth.ATTACK,
        }.get(self)


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a case."""

    by: str
    at_ms: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """One decision in the queue; `claimed_by` holds it until `claimed_until_ms`."""

    id: str
    tenant: str
    reason: ReviewReason
    state: ReviewState
    opened_ms: int
    due_ms: int
    """By when it should be settled."""
    episode: Episode
    claimed_by: str | None = None
    claimed_until_ms: int = 0
    settled_by: str | None = None
    settled_ms: int = 0
    comments: tuple[Comment, ...] = ()

    def overdue(self, now_ms: int) -> bool:
        """Whether it should have been settled by now, or was settled too late."""
        return (self.settled_ms or now_ms) > self.due_ms


@dataclass(frozen=True, slots=True)
class QueueState:
    """How full the queue is."""

    open: int
    claimed: int
    overdue: int
    oldest_ms: int | None
    """Since when the oldest case waits."""
