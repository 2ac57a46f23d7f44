"""A memory of what was decided, as the outside world keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.asking import Detection, Request
from aidefence.domain.episode import Episode, FeedFilter, FeedPage, JournalState
from aidefence.domain.windows import Window, WindowMetrics


class EpisodeLog(Protocol):
    """Writes down what was decided. What it took survives the end of this process.

    What cannot be written down is told among the `degraded` of the detection that comes back, and
    its action is at least what the operator wants for such a case.
    """

    def record(self, request: Request, detection: Detection) -> Detection:
        """Keep one decision; gives it as it is to be answered."""

    def record_all(self, decided: Sequence[tuple[Request, Detection]]) -> list[Detection]:
        """Keep many decisions, in fewer steps than one by one."""


class EpisodeArchive(Protocol):
    """Gives back what was written down. It may wait for a disk or a network.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def find(self, request_id: str) -> Episode | None:
        """Return the episode of a request, from the store or from the journal before it."""

    def contents(self, request_id: str) -> tuple[str, ...] | None:
        """Return the contents of a request, as far as they are kept; none where they are not."""

    def tip(self) -> int:
        """Return the cursor behind the last episode."""

    def after(self, tenant: str, cursor: int, wanted: FeedFilter, limit: int) -> FeedPage:
        """Return the threats of a tenant that came in after a cursor."""

    def newest(self, tenant: str, limit: int) -> Sequence[Episode]:
        """Return the last episodes of a tenant that the store has taken, threats or not."""

    def window(self, tenant: str, window: Window, now_ms: int) -> WindowMetrics:
        """Sum up a window that ends now."""

    def state(self) -> JournalState:
        """Tell how the way into the store is."""
