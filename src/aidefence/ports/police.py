"""Whoever lets policies have their say about what comes in at the doors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.access import Caller
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Content


class Police(Protocol):
    """Holds policies against requests. Safe to share between threads."""

    def holds(self, request: Request) -> bool:
        """Whether some policy is asked about it at all."""

    def waits(self, request: Request) -> bool:
        """Whether something must be looked up for it, which may take longer than a moment."""

    def is_silent(self, caller: Caller) -> bool:
        """Whether no policy has a say about what a caller brings."""

    def rule(self, request: Request, found: Detection) -> Detection:
        """Give what was found as it is after policies have had their say."""

    def spent(self, request: Request, microcents: int) -> None:
        """Add what the answer to a request has cost, in millionths of a cent."""

    def brought(self, contents: Sequence[Content]) -> frozenset[str]:
        """Say what came in with contents that are not inspected again, by names of the catalog."""
