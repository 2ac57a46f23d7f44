"""Limits on how much somebody may ask, as the outside world keeps count of them."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.asking import Request
from aidefence.domain.refusals import Allowance


class Admission(Protocol):
    """Counts requests against limits that all processes share."""

    @property
    def waits(self) -> bool:
        """Whether admitting may wait for the network, so that no event loop should do it."""

    def admit(self, request: Request, cost: int = 1) -> Allowance | None:
        """Count so many requests; gives what is left of the nearest limit, none without limits.

        Raises:
            LimitedError: a limit is reached; then nothing was counted.
            UnavailableError: whoever counts does not answer, and policy says not to go on.

        """
