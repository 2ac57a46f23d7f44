"""Who is let in, and to what."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.access import Caller, Credentials, Permission
from aidefence.domain.refusals import ForbiddenError
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

    __slots__ = ("_identify",)

    def __init__(self, identify: Identify) -> None:
        self._identify = identify

    def enter(self, credentials: Credentials, permission: Permission) -> Caller:
        """Say who asks, if they may.

        Raises:
            UnauthenticatedError: nobody that we know.
            ForbiddenError: they may not do this.
            UnavailableError: whoever knows them does not answer.

        """
        caller = self._identify(credentials)
        visit = VISIT.get()
        if visit is not None:
            visit.caller = caller.id
        if permission not in caller.permissions:
            raise ForbiddenError(f"`{caller.id}` ({caller.role.value}) may not `{permission}`")
        return caller
