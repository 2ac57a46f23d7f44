"""Names for requests as the outside world gives them."""

from __future__ import annotations

from typing import Protocol


class Ids(Protocol):
    """Hands out names that nobody had before."""

    def request_id(self) -> str:
        """A new name for one request."""

    def batch_id(self) -> str:
        """A new name for one batch."""

    def name(self, kind: str) -> str:
        """A new name for one thing of another kind, which the name begins with."""
