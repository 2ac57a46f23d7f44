"""People approve calls: one tool with one set of arguments in one session, once, for some time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.domain.canonical import canonical
from aidefence.domain.errors import SettingError
from aidefence.domain.refusals import ConflictError
from aidefence.ports.audit import Together
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.audit import Audit
from aidefence.service.policy_keys import state_key

MINUTES = 15.0
MINUTES_MAX = 24 * 60.0
NAME_MAX = 256
_MINUTE_MS = 60_000
_REALM = "approvals"
_USED = b"used"
_GIVEN = b"given"


@dataclass(frozen=True, slots=True)
class Approval:
    """One call that a person has approved. It names the arguments, and does not tell them."""

    tool: str
    session: str
    digest: str
    by: str
    expires_ms: int


class Approved:
    """Knows which calls were approved, and lets each be made once. Safe to share."""

    __slots__ = ("_now_ms", "_states")

    def __init__(self, states: PolicyStates, now_ms: Callable[[], int]) -> None:
        self._states = states
        self._now_ms = now_ms

    def take(self, tenant: str, session: str | None, tool: str, arguments: object) -> bool:
        """Use an approval up, if there is one for this very call; of two only one gets it.

        Raises:
            PolicyStateError: it cannot be looked up.

        """
        if session is None or arguments is None:
            return False
        now_ms = self._now_ms()
        key = _key(tenant, session, tool, digest_of(tool, arguments))
        read = self._states.load([key], now_ms)
        if read[0].state != _GIVEN:
            return False
        return self._states.save(read, {key: _USED}, now_ms, now_ms + _MINUTE_MS)

    def give(self, tenant: str, approval: Approval) -> bool:
        """Keep an approval; false where somebody else did at the same moment."""
        now_ms = self._now_ms()
        key = _key(tenant, approval.session, approval.tool, approval.digest)
        read = self._states.load([key], now_ms)
        return self._states.save(read, {key: _GIVEN}, now_ms, approval.expires_ms)


class Approvals:
    """Takes approvals of people; each is in the audit log, or is none. Safe to share."""

    __slots__ = ("_approved", "_audit", "_now_ms", "_together")

    def __init__(
        self, approved: Approved, audit: Audit, together: Together, now_ms: Callable[[], int]
    ) -> None:
        self._approved = approved
        self._audit = audit
        self._together = together
        self._now_ms = now_ms

    def approve(
        self,
        tool: str,
        arguments: dict[str, object],
        session: str,
        caller: Caller,
        minutes: float = MINUTES,
    ) -> Approval:
        """Approve one call of a session of the caller's tenant.

        Raises:
            SettingError: something of it is out of bounds.
            ConflictError: somebody else approved the same at the same moment.

        """
        for name, given in (("tool", tool), ("sessionId", session)):
            if not 0 < len(given) <= NAME_MAX:
                raise SettingError(name, f"expected 1 to {NAME_MAX} characters")
        if not 0 < minutes <= MINUTES_MAX:
            raise SettingError("minutes", f"expected more than 0 and at most {MINUTES_MAX:g}")
        expires_ms = self._now_ms() + round(minutes * _MINUTE_MS)
        digest = digest_of(tool, arguments)
        approval = Approval(tool, session, digest, caller.id, expires_ms)
        with self._together():
            self._audit.note(
                caller, AuditAction.CALL_APPROVED, tool, digest=digest, minutes=minutes
            )
            if not self._approved.give(caller.tenant, approval):
                raise ConflictError("somebody else approves the same call right now: try again")
        return approval


def digest_of(tool: str, arguments: object) -> str:
    """Name a call: the same whatever the order of its arguments."""
    return sha256(f"{tool}\0{canonical(arguments)}".encode("utf-8", "surrogatepass")).hexdigest()


def _key(tenant: str, session: str, tool: str, digest: str) -> bytes:
    return state_key(_REALM, tenant, 0, f"{session}\0{tool}\0{digest}")
