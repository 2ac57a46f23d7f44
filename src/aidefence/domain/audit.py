"""What people and switches did to this installation, in a chain that shows when it was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditAction(StrEnum):
    """Everything that is written into the audit log."""

    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    KEY_REFUSED = "key.refused"
    TOKEN_REFUSED = "token.refused"
    CERTIFICATE_REFUSED = "certificate.refused"
    SESSION_OPENED = "session.opened"
    SESSION_CLOSED = "session.closed"
    SESSION_REFUSED = "session.refused"
    ACCESS_DENIED = "access.denied"
    CONFIG_LOADED = "config.loaded"
    CONFIG_REFUSED = "config.refused"
    FLAG_CHANGED = "flag.changed"
    KILL_THROWN = "kill.thrown"
    KILL_RELEASED = "kill.released"
    REVIEW_CLAIMED = "review.claimed"
    REVIEW_RELEASED = "review.released"
    REVIEW_COMMENTED = "review.commented"
    REVIEW_APPROVED = "review.approved"
    REVIEW_REJECTED = "review.rejected"
    FEEDBACK_GIVEN = "feedback.given"
    FEEDBACK_REVISED = "feedback.revised"
    CONTENT_READ = "content.read"
    USER_ERASED = "user.erased"
    POLICY_CREATED = "policy.created"
    POLICY_CHANGED = "policy.changed"
    POLICY_RETIRED = "policy.retired"
    POLICY_VERIFIED = "policy.verified"
    POLICY_FAILED = "policy.failed"
    POLICY_STALE = "policy.stale"
    POLICY_DEPLOYED = "policy.deployed"
    POLICY_ADVANCED = "policy.advanced"
    POLICY_REVERTED = "policy.reverted"
    POLICY_SHADOWED = "policy.shadowed"
    POLICY_DRIFTED = "policy.drifted"
    CALL_APPROVED = "call.approved"
    STORE_UPGRADED = "store.upgraded"
    STORE_PURGED = "store.purged"
    AUDIT_EXPORTED = "audit.exported"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that was done: who, what, to what. Never a content, never a secret."""

    action: AuditAction
    actor: str
    """The id of the caller, or `system`."""
    tenant: str = "default"
    target: str = ""
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event in its place in the chain."""

    number: int
    """Counted from 1, without gaps."""
    at_ms: int
    event: AuditEvent
    previous: str
    """The hash of the record before; of the first one, 64 zeros."""
    hash: str
    """SHA-256 over the canonical form of all of the above."""
    key_id: str
    signature: str
    """Ed25519 over the hash, in hex."""


@dataclass(frozen=True, slots=True)
class AuditFault:
    """One thing that is wrong with the chain; `number` is the record that shows it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What came out of reading the whole chain."""

    records: int
    head: str | None
    """The hash of the last record: noted elsewhere, it proves later that nothing was cut off."""
    faults: tuple[AuditFault, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults
