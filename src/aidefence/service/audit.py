"""Write down what people and switches do, and look whether anybody changed it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction, AuditEvent, AuditRecord, AuditReport
from aidefence.ports.audit import AuditStore
from aidefence.ports.clock import Clock

SYSTEM = "system"
_PAGE_MAX = 1000
_Detail = str | int | float | bool | None


class Audit:
    """The audit log. Safe to share between threads; may wait for a disk."""

    __slots__ = ("_clock", "_store")

    def __init__(self, store: AuditStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(
        self, caller: Caller, action: AuditAction, target: str = "", **details: _Detail
    ) -> AuditRecord:
        """Write down what somebody did; on the disk when this returns.

        Raises:
            UnavailableError: the store does not answer, and nothing was written.

        """
        event = AuditEvent(action, caller.id, caller.tenant, target, details)
        return self._store.append(event, self._clock.now_ms())

    def note_system(self, action: AuditAction, target: str = "", **details: _Detail) -> AuditRecord:
        """Write down what the installation did by itself.

        Raises:
            UnavailableError: the store does not answer, and nothing was written.

        """
        event = AuditEvent(action, SYSTEM, target=target, details=details)
        return self._store.append(event, self._clock.now_ms())

    def read(
        self,
        caller: Caller,
        actions: Collection[AuditAction] = (),
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[AuditRecord]:
        """Return records of the caller's tenant behind a number; no actions are all of them."""
        return self._store.read(caller.tenant, actions, after, max(1, min(limit, _PAGE_MAX)))

    def read_all(self, after: int = 0, limit: int = 100) -> Sequence[AuditRecord]:
        """Return records of all tenants, for whoever owns the machine."""
        return self._store.read(None, (), after, max(1, min(limit, _PAGE_MAX)))

    def verify(self, expected_head: str | None = None) -> AuditReport:
        """Read the whole chain and say what is wrong with it."""
        return self._store.verify(expected_head)
