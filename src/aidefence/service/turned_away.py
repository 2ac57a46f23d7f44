"""Who was not let in: gathered in memory, written into the audit log so much a minute at most."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from aidefence.domain.access import UNKNOWN, Caller, Credentials, Permission
from aidefence.domain.api_key import prefix_of
from aidefence.domain.audit import AuditAction
from aidefence.ports.clock import Clock
from aidefence.service.audit import Audit
from aidefence.service.limits import network_of

# A flood of wrong keys must not fill the disk: a day of it is some 9,000 records of a worker.
_RECORDS_AT_ONCE = 20
_RECORD_EVERY_MS = 10_000
# Whoever goes on trying is told of again after this, with how often.
_AGAIN_MS = 60_000
_KNOCKS_MAX = 256
_FURTHER = "more of them than are told one by one"


@dataclass(frozen=True, slots=True)
class _Knock:
    action: AuditAction
    caller: Caller
    address: str
    reason: str


@dataclass(slots=True)
class _Times:
    count: int
    first_ms: int
    last_ms: int
    target: str = ""
    """What was wanted, or what may be shown of a key: of the last time."""
    told_ms: int | None = None

    def add(self, more: _Times) -> None:
        """Count these, too."""
        self.first_ms = min(self.first_ms, more.first_ms) if self.count else more.first_ms
        self.last_ms = max(self.last_ms, more.last_ms) if self.count else more.last_ms
        self.count += more.count
        self.target = more.target or self.target


class TurnedAway:
    """Remembers who was not let in until it is written. Safe to share between threads."""

    __slots__ = ("_audit", "_clock", "_knocks", "_lock", "_records", "_refilled_ms")

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._lock = threading.Lock()
        self._knocks: dict[_Knock, _Times] = {}
        self._records = _RECORDS_AT_ONCE
        self._refilled_ms = clock.now_ms()

    def unknown(self, credentials: Credentials, address: str | None, reason: str) -> None:
        """Somebody showed what opens nothing; who shows nothing at all tries nothing."""
        action = _action_of(credentials)
        if action is not None:
            target = "" if credentials.key is None else prefix_of(credentials.key)
            self._hear(action, UNKNOWN, target, address, reason)

    def no_sign_in(self, key: str, address: str | None, reason: str) -> None:
        """Somebody wanted to sign in with a browser, and may not."""
        self._hear(AuditAction.SESSION_REFUSED, UNKNOWN, prefix_of(key), address, reason)

    def denied(self, caller: Caller, permission: Permission, address: str | None) -> None:
        """Somebody whom we know asked for what they may not."""
        self._hear(AuditAction.ACCESS_DENIED, caller, permission.value, address, "")

    def write(self) -> None:
        """Write what is due.

        Raises:
            UnavailableError: the store does not answer; what was not written is kept.

        """
        for knock in self._due():
            self._tell(knock)

    def write_rest(self) -> None:
        """Write all of it, in few records: nobody will ask again.

        Raises:
            UnavailableError: the store does not answer.

        """
        self.write()
        with self._lock:
            rest, self._knocks = self._knocks, {}
            for knock, times in rest.items():
                if times.count:
                    self._add(_further(knock), times)
            last = list(self._knocks)
        for knock in last:
            self._tell(knock)

    def _hear(
        self, action: AuditAction, caller: Caller, target: str, address: str | None, reason: str
    ) -> None:
        now_ms = self._clock.now_ms()
        knock = _Knock(action, caller, "" if address is None else network_of(address), reason)
        with self._lock:
            if knock not in self._knocks and len(self._knocks) >= _KNOCKS_MAX:
                knock, target = _further(knock), ""
            self._add(knock, _Times(1, now_ms, now_ms, target))

    def _add(self, knock: _Knock, times: _Times) -> None:
        known = self._knocks.get(knock)
        if known is None:
            self._knocks[knock] = times
        else:
            known.add(times)

    def _due(self) -> list[_Knock]:
        """Say what is to be written now, and forget who has been quiet for long."""
        now_ms, due = self._clock.now_ms(), []
        with self._lock:
            self._refill(now_ms)
            for knock, times in list(self._knocks.items()):
                # The clock of a machine may be set back.
                if times.told_ms is not None and abs(now_ms - times.told_ms) < _AGAIN_MS:
                    continue
                if not times.count:
                    del self._knocks[knock]
                elif self._records:
                    self._records -= 1
                    due.append(knock)
        return due

    def _refill(self, now_ms: int) -> None:
        earned, rest_ms = divmod(max(0, now_ms - self._refilled_ms), _RECORD_EVERY_MS)
        self._records = min(_RECORDS_AT_ONCE, self._records + earned)
        self._refilled_ms = now_ms - rest_ms

    def _tell(self, knock: _Knock) -> None:
        with self._lock:
            known = self._knocks[knock]
            told = _Times(known.count, known.first_ms, known.last_ms, known.target)
            known.count, known.told_ms = 0, self._clock.now_ms()
        try:
            self._audit.note(
                knock.caller,
                knock.action,
                told.target,
                address=knock.address or None,
                reason=knock.reason or None,
                times=told.count,
                first=told.first_ms,
                last=told.last_ms,
            )
        except Exception:
            with self._lock:
                known.told_ms = None
                known.add(told)
            raise


def _action_of(credentials: Credentials) -> AuditAction | None:
    if credentials.key is not None:
        return AuditAction.KEY_REFUSED
    if credentials.token is not None:
        return AuditAction.TOKEN_REFUSED
    if credentials.session is not None:
        return AuditAction.SESSION_REFUSED
    return AuditAction.CERTIFICATE_REFUSED if credentials.certificate else None


def _further(knock: _Knock) -> _Knock:
    """Count together those who have no place of their own; of one tenant, as they may read it."""
    caller = Caller("unknown", UNKNOWN.role, UNKNOWN.permissions, knock.caller.tenant)
    return _Knock(knock.action, caller, "", _FURTHER)
