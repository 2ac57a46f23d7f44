"""Forget a person: everything that is kept of the requests made for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.ports.erasing import ErasureStore, NamedSession
from aidefence.service.audit import Audit
from aidefence.service.jobs import Jobs

Forget: TypeAlias = Callable[[NamedSession], bool]
"""Deletes what one place keeps of a session; says whether there was anything."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone. The audit log names a person by this digest alone."""

    digest: str
    counts: Mapping[str, int]


class Erasure:
    """Forgets people by the name that applications give them. Safe to share between threads."""

    __slots__ = ("_audit", "_digest", "_jobs", "_places", "_store")

    def __init__(
        self,
        store: ErasureStore,
        jobs: Jobs,
        places: Sequence[Forget],
        audit: Audit,
        digest: Callable[[str, str], str],
    ) -> None:
        """`places` keep something of sessions; `digest` names a user of a tenant by a key."""
        self._store = store
        self._jobs = jobs
        self._places = places
        self._audit = audit
        self._digest = digest

    def erase(self, user: str, caller: Caller) -> Erased:
        """Delete what is kept of a user of the caller's tenant, and write down that it was done.

        Asked again after it failed half-way, it goes on.

        Raises:
            UnavailableError: the store does not answer.
            VaultError: the file of values cannot be used.
            ConversationError: the file of sessions cannot be used.

        """
        tenant = caller.tenant
        found = self._store.erase(tenant, user)
        jobs = self._jobs.erase(tenant, lambda data: _tells_of(data, user, found.requests))
        sessions = sum(self._forget(it) for it in found.sessions)
        counts = {**found.counts, "jobs": jobs, "sessions": sessions}
        digest = self._digest(tenant, user)
        self._audit.note(caller, AuditAction.USER_ERASED, digest, **counts)
        return Erased(digest, counts)

    def _forget(self, session: NamedSession) -> bool:
        # Every place is asked, whatever the others had.
        return sum(forget(session) for forget in self._places) > 0


def _tells_of(data: bytes, user: str, requests: Collection[str]) -> bool:
    """Whether a request or an answer, as jobs keep them, is of a user."""
    try:
        left = [json.loads(data)]
    except (ValueError, RecursionError):
        return False
    while left:
        it = left.pop()
        if isinstance(it, dict):
            if it.get("userId") == user or it.get("requestId") in requests:
                return True
            left += it.values()
        elif isinstance(it, list):
            left += it
    return False
