"""A memory of what was decided, as the outside world keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.asking import Detection, Request


class EpisodeLog(Protocol):
    """Writes down what was decided. What it took survives the end of this process."""

    def record(self, request: Request, detection: Detection) -> None:
        """Keep one decision."""

    def record_all(self, decided: Sequence[tuple[Request, Detection]]) -> None:
        """Keep many decisions, in fewer steps than one by one."""
