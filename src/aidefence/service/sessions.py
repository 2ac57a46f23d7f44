"""Sessions of browsers: signed, so that every worker knows them at once; over when signed out."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aidefence.domain.access import Caller
from aidefence.domain.api_key import ID_LEN
from aidefence.domain.audit import AuditAction
from aidefence.domain.refusals import ForbiddenError, UnauthenticatedError
from aidefence.ports.api_keys import KeyStore
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.service.audit import Audit
from aidefence.service.keyring import KeyRing
from aidefence.service.turned_away import TurnedAway

SESSION_SECONDS = 8 * 3600
_HASH = "sha256"
_ID_BYTES = 16
_MS_PER_SECOND = 1000
_SHAPE = re.compile(
    rf"(?P<id>[0-9a-f]{{32}})-(?P<key>[0-9A-Za-z]{{{ID_LEN}}})-(?P<expires>[0-9]{{13}})"
    r"-(?P<mac>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser gets when somebody signs in."""

    cookie: str = field(repr=False)
    csrf: str = field(repr=False)
    """Must come back in a header with whatever changes something."""
    expires_ms: int
    caller: Caller


class Sessions:
    """Opens, knows and ends sessions. Safe to share between threads."""

    __slots__ = (
        *("_audit", "_away", "_clock", "_entropy", "_life_ms", "_ring", "_secret", "_store"),
        "_together",
    )

    def __init__(
        self,
        store: KeyStore,
        ring: KeyRing,
        secret: bytes,
        clock: Clock,
        entropy: Callable[[int], bytes],
        audit: Audit | None,
        together: Together,
        life_seconds: int = SESSION_SECONDS,
        away: TurnedAway | None = None,
    ) -> None:
        """`away` hears of those who may not sign in."""
        self._away = away
        self._audit = audit
        self._together = together
        self._store = store
        self._ring = ring
        self._secret = secret
        self._clock = clock
        self._entropy = entropy
        self._life_ms = life_seconds * _MS_PER_SECOND

    def sign_in(self, key: str, address: str | None = None) -> Session:
        """Open a session for whoever shows a key; `address` is where they ask from.

        Raises:
            UnauthenticatedError: nobody that we know.
            UnavailableError: the keys could not be read, or the audit log not be written.

        """
        try:
            caller = self._ring.find(key)
        except UnauthenticatedError as error:
            if self._away is not None:
                self._away.no_sign_in(key, address, str(error))
            raise
        self._note(caller, AuditAction.SESSION_OPENED)
        expires_ms = self._clock.now_ms() + self._life_ms
        session_id = self._entropy(_ID_BYTES).hex()
        body = f"{session_id}-{caller.id.removeprefix('key:')}-{expires_ms}"
        cookie = f"{body}-{self._mac(body)}"
        return Session(cookie, self._csrf(session_id), expires_ms, caller)

    def find(self, cookie: str) -> Session:
        """Tell whose session this is; it holds no longer than the key it was opened with.

        Raises:
            UnauthenticatedError: it is over, or none of ours.
            UnavailableError: the keys could not be read.

        """
        read = _SHAPE.fullmatch(cookie)
        body, _, mac = cookie.rpartition("-")
        if read is None or not hmac.compare_digest(self._mac(body), mac):
            raise UnauthenticatedError("this is no session of this service: sign in")
        expires_ms = int(read["expires"])
        if self._clock.now_ms() >= expires_ms or self._ring.has_ended(read["id"]):
            raise UnauthenticatedError("this session is over: sign in again")
        caller = self._ring.holder(read["key"])
        return Session(cookie, self._csrf(read["id"]), expires_ms, caller)

    def enter(self, cookie: str, csrf: str | None, *, changes: bool) -> Caller:
        """Let somebody in with a session.

        Raises:
            UnauthenticatedError: it is over, or none of ours.
            ForbiddenError: something is to be changed, and the page that asks is not ours.
            UnavailableError: the keys could not be read.

        """
        session = self.find(cookie)
        shown = (csrf or "").encode("latin-1", "replace")
        if changes and not hmac.compare_digest(session.csrf.encode("ascii"), shown):
            raise ForbiddenError("a session that changes something must send `X-CSRF-Token`")
        return session.caller

    def sign_out(self, cookie: str) -> None:
        """End a session, in all workers.

        Raises:
            UnauthenticatedError: it is over already, or none of ours.
            UnavailableError: it cannot be written down.

        """
        session = self.find(cookie)
        session_id = cookie.partition("-")[0]
        with self._together():
            self._store.end_session(session_id, session.expires_ms, self._clock.now_ms())
            self._note(session.caller, AuditAction.SESSION_CLOSED)
        self._ring.refresh()

    def _note(self, caller: Caller, action: AuditAction) -> None:
        if self._audit is not None:
            self._audit.note(caller, action)

    def _mac(self, body: str) -> str:
        return hmac.digest(self._secret, body.encode("utf-8", "replace"), _HASH).hex()

    def _csrf(self, session_id: str) -> str:
        return hmac.digest(self._secret, b"csrf " + session_id.encode("ascii"), _HASH).hex()
