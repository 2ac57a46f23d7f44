"""A format in which others take in what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from aidefence.domain.episode import Episode


class Exporter(Protocol):
    """Writes episodes one after the other; keeps no more of them than the format needs."""

    def begin(self) -> str:
        """What stands before the first."""

    def tell(self, episode: Episode) -> Iterable[str]:
        """One episode, in pieces."""

    def end(self) -> str:
        """What stands after the last."""
