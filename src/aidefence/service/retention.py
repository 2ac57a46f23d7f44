"""Forget what has been kept long enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aidefence.domain.audit import AuditAction
from aidefence.ports.clock import Clock
from aidefence.ports.retention import RetentionStore
from aidefence.service.audit import Audit

_DAY_MS = 24 * 3_600_000
_MINUTES_DAYS = 3
_HOURS_DAYS = 400
# Once taken over, a journal is deleted; where that failed, its place must be known for a while.
_SEGMENTS_DAYS = 7


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """For how many days what is kept."""

    episodes: float = 30
    contents: float = 7
    feedback: float = 730
    reviews: float = 365


class Retention:
    """Deletes by policy. Audit records are never deleted."""

    __slots__ = ("_audit", "_clock", "_policy", "_store")

    def __init__(
        self, store: RetentionStore, policy: RetentionPolicy, audit: Audit, clock: Clock
    ) -> None:
        self._store = store
        self._policy = policy
        self._audit = audit
        self._clock = clock

    def purge(self) -> Mapping[str, int]:
        """Delete what is due; says how many of each kind, and writes it into the audit log.

        Raises:
            UnavailableError: the store does not answer.

        """
        now = self._clock.now_ms()
        policy = self._policy
        days = {
            "episodes": policy.episodes,
            "contents": min(policy.contents, policy.episodes),
            "feedback": policy.feedback,
            "reviews": policy.reviews,
            "minutes": _MINUTES_DAYS,
            "hours": _HOURS_DAYS,
            "segments": _SEGMENTS_DAYS,
        }
        gone = self._store.purge({kind: now - round(it * _DAY_MS) for kind, it in days.items()})
        told = {kind: count for kind, count in gone.items() if count}
        if told:
            self._audit.note_system(AuditAction.STORE_PURGED, "", **told)
        return gone
