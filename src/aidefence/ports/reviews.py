"""The queue of decisions that a person looks at, as the outside world keeps it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from aidefence.domain.review import Comment, QueueState, ReviewCase, ReviewState


class ReviewStore(Protocol):
    """Keeps cases. What changes one is atomic: of two who try at once, one is told `False`.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def find(self, tenant: str, case_id: str) -> ReviewCase | None:
        """Return a case."""

    def cases(
        self, tenant: str, states: Collection[ReviewState], limit: int
    ) -> Sequence[ReviewCase]:
        """Return cases in these states, those first that are due first."""

    def claim(self, tenant: str, case_id: str, by: str, now_ms: int, until_ms: int) -> bool:
        """Give a case to somebody, if nobody else has it at the moment."""

    def release(self, tenant: str, case_id: str, by: str) -> bool:
        """Put a case back, if it is theirs."""

    def settle(self, tenant: str, case_id: str, by: str, state: ReviewState, now_ms: int) -> bool:
        """Settle a case, if it is theirs at the moment."""

    def comment(self, tenant: str, case_id: str, comment: Comment) -> bool:
        """Add a comment, if there is such a case."""

    def state(self, tenant: str, now_ms: int) -> QueueState:
        """Tell how full the queue is."""
