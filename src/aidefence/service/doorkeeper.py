"""Tells who shows which credentials: a key, a signed token, a certificate, or a cookie."""

from __future__ import annotations

from collections.abc import Mapping
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

    __slots__ = ("_certificates", "_required", "_ring", "_sessions", "_tokens")

    def __init__(
        self,
        ring: KeyRing,
        sessions: Sessions,
        tokens: Tokens | None,
        certificates: Mapping[str, Caller] | None = None,
        *,
        required: bool,
    ) -> None:
        """Know all of these; `certificates` are callers by a name in their certificate.

        `required` says that nobody is let in without credentials, even while no key exists.
        """
        self._certificates = certificates or {}
        self._ring = ring
        self._sessions = sessions
        self._tokens = tokens
        self._required = required or tokens is not None or bool(certificates)

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
        if credentials.certificate and self._certificates:
            return self._named(credentials.certificate)
        raise UnauthenticatedError("show a key: `Authorization: Bearer` or `X-API-Key`")

    def _named(self, names: tuple[str, ...]) -> Caller:
        for name in names:
            if name in self._certificates:
                return self._certificates[name]
        raise UnauthenticatedError("no caller has a name that stands in this certificate")

    def _read(self, token: str) -> Caller:
        if self._tokens is None:
            raise UnauthenticatedError("this service takes keys, not signed tokens")
        return self._tokens(token)
