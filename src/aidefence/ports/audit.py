"""The audit log, as the outside world keeps it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from aidefence.domain.audit import AuditAction, AuditEvent, AuditRecord, AuditReport


class AuditStore(Protocol):
    """Appends to one chain, however many processes do so at once.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def append(self, event: AuditEvent, at_ms: int) -> AuditRecord:
        """Append an event: it is on the disk when this returns, or when `Together` ends."""

    def read(
        self, tenant: str | None, actions: Collection[AuditAction], after: int, limit: int
    ) -> Sequence[AuditRecord]:
        """Return records behind a number, oldest first; of all tenants where none is named."""

    def verify(self, expected_head: str | None = None) -> AuditReport:
        """Read the whole chain; `expected_head` is a hash that somebody noted before."""


class Together(Protocol):
    """Makes changes of several stores one: all of them stay, or none."""

    def __call__(self) -> AbstractContextManager[None]:
        """Begin; what happens inside ends together."""
