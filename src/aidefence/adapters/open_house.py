"""A gateway without keys, limits or memory: what it is until an operator says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.access import LOCAL, Caller, Credentials
from aidefence.domain.asking import Detection, Request
from aidefence.domain.refusals import Allowance


def everybody_is_local(credentials: Credentials) -> Caller:  # noqa: ARG001 -- nothing is asked for
    """Take everybody for whoever sits at this machine."""
    return LOCAL


class Unlimited:
    """No limits."""

    waits = False

    def admit(self, request: Request, cost: int = 1) -> Allowance | None:  # noqa: ARG002
        """Let everything through."""
        return None


class Forgetful:
    """No memory."""

    def record(self, request: Request, detection: Detection) -> Detection:  # noqa: ARG002
        """Keep nothing."""
        return detection

    def record_all(self, decided: Sequence[tuple[Request, Detection]]) -> list[Detection]:
        """Keep nothing."""
        return [detection for _, detection in decided]
