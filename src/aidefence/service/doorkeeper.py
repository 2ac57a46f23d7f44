"""Tells who shows which credentials: a key, a signed token, or the cookie of a browser."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.access import LOCAL, Caller, Credentials
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.service.keyring import KeyRing
from aidefence.service.sessions import Sessions


class Tokens(Protocol):
    """Reads signed tokens."""

    def __call__(self, token: str, /) -> Caller:
        """Return who is named by a token.

        Raises:
            UnauthenticatedError: it is not to be trusted, or names nobody we know.
            UnavailableError: the keys that it is signed with cannot be had.

        """


class Doorkeeper:
    """Identifies callers. Safe to share between threads."""

    __slots__ = ("_required", "_ring", "_sessions", "_tokens")

    def __init__(
        self, ring: KeyRing, sessions: Sessions, tokens: Tokens | None, *, required: bool
    ) -> None:
        """`required` says that nobody is let in without credentials, even while no key exists."""
        self._ring = ring
        self._sessions = sessions
        self._tokens = tokens
        self._required = required or tokens is not None

    def __call__(self, credentials: Credentials) -> Caller:
        """Return who shows these credentials.

        Raises:
            UnauthenticatedError: nobody that we know.
            ForbiddenError: a browser that may be led by somebody else wants to change something.
            UnavailableError: whoever knows them does not answer.

        """
        if not self._required:
            if self._ring.empty:
                return LOCAL
            # A key is never unmade: there is no need to ask again.
            self._required = True
        if credentials.key is not None:
            return self._ring.find(credentials.key)
        if credentials.token is not None:
            return self._read(credentials.token)
        if credentials.session is not None:
            return self._sessions.enter(
                credentials.session, credentials.csrf, changes=credentials.changes
            )
        raise UnauthenticatedError("show a key: `Authorization: Bearer` or `X-API-Key`")

    def _read(self, token: str) -> Caller:
        if self._tokens is None:
            raise UnauthenticatedError("this service takes keys, not signed tokens")
        return self._tokens(token)
