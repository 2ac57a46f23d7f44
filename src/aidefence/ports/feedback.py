"""Words about decisions, as the outside world keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.feedback import Feedback


class FeedbackStore(Protocol):
    """Keeps one word for each caller and request.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def find(self, request_id: str, by: str) -> Feedback | None:
        """Return what a caller said about a request.

        Inside `Together` nobody else says anything in the caller's name until that ends.
        """

    def put(self, feedback: Feedback) -> None:
        """Keep a word, in the place of an earlier one with the same id."""

    def about(self, tenant: str, request_id: str) -> Sequence[Feedback]:
        """Return every word about a request, oldest first."""

    def since(self, tenant: str, at_ms: int, limit: int) -> Sequence[Feedback]:
        """Return words that came in from a moment on, oldest first."""
