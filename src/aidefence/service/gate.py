"""Who is let in, and to what."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.access import Caller, Credentials, Permission
from aidefence.domain.refusals import ForbiddenError, UnauthenticatedError
from aidefence.service.turned_away import TurnedAway
from aidefence.service.visit import VISIT


class Identify(Protocol):
    """Tells who shows these credentials."""

    def __call__(self, credentials: Credentials, /) -> Caller:
        """Return who it is.

        Raises:
            UnauthenticatedError: nobody that we know.
            UnavailableError: whoever knows them does not answer.

        """


class Gate:
    """Lets callers in. Safe to share between threads."""

    __slots__ = ("_away", "_identify")

    def __init__(self, identify: Identify, away: TurnedAway | None = None) -> None:
        """`away` hears of those who are not let in."""
        self._identify = identify
        self._away = away

    def enter(
        self, credentials: Credentials, permission: Permission, address: str | None = None
    ) -> Caller:
        """Say who asks, if they may; `address` is where they ask from.

        Raises:
            UnauthenticatedError: nobody that we know.
            ForbiddenError: they may not do this.
            UnavailableError: whoever knows them does not answer.

        """
        caller = self.know(credentials, address)
        if permission not in caller.permissions:
            if self._away is not None:
                self._away.denied(caller, permission, address)
            raise ForbiddenError(f"`{caller.id}` ({caller.role.value}) may not `{permission}`")
        return caller

    def know(self, credentials: Credentials, address: str | None = None) -> Caller:
        """Say who asks, whatever they may.

        Raises:
            UnauthenticatedError: nobody that we know.
            ForbiddenError: a browser that may be led by somebody else wants to change something.
            UnavailableError: whoever knows them does not answer.

        """
        try:
            caller = self._identify(credentials)
        except (UnauthenticatedError, ForbiddenError) as error:
            if self._away is not None:
                self._away.unknown(credentials, address, str(error))
            raise
        visit = VISIT.get()
        if visit is not None:
            visit.caller = caller.id
        return caller
