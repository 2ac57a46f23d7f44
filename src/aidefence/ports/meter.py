"""Counting what happens, for whoever watches the service."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.decision import Decision


class Meter(Protocol):
    """Counts decisions; knows nothing of the texts."""

    def count(self, door: str, decision: Decision) -> None:
        """Count one decision that left through a door."""

    def refuse(self, door: str, status: int) -> None:
        """Count one request that was refused."""

    def render(self) -> tuple[str, bytes]:
        """Write all counts; gives the content type and the document."""
