"""Holds what is proved, what is deployed and what processes really decide by against each other."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from aidefence.domain.access import LOCAL, Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.policy_store import Book, Environment, Slot
from aidefence.ports.clock import Clock
from aidefence.service.audit import SYSTEM, Audit
from aidefence.service.following import REPORT_MS
from aidefence.service.in_force import expected_digest, roles_of
from aidefence.service.rollouts import PolicyStores
from aidefence.service.verifying import Verifications

_log = logging.getLogger("aidefence.policies")
_FRESH_MS = 3 * REPORT_MS
# A node decides for all tenants.
_NOBODY = LOCAL.tenant


@dataclass(frozen=True, slots=True)
class Drift:
    """Something in force that is not what was proved, or not what was deployed."""

    tenant: str
    subject: str
    """A policy, or a node."""
    environment: Environment
    reason: str


class PolicyWatch:
    """Looks again and again. One process does so for all of a machine."""

    __slots__ = ("_audit", "_clock", "_stores", "_told", "_verifications")

    def __init__(
        self, stores: PolicyStores, verifications: Verifications, audit: Audit, clock: Clock
    ) -> None:
        self._stores = stores
        self._verifications = verifications
        self._audit = audit
        self._clock = clock
        self._told: frozenset[Drift] = frozenset()

    def look(self) -> None:
        """Have proved anew what needs it, and tell of everything that has drifted since.

        Raises:
            UnavailableError: the store does not answer, or nobody could judge the certificates.

        """
        book = self._stores.deployments.book()
        self._verifications.watch(
            [(it.policy_id, version) for it in book.slots for _, version in roles_of(it)]
        )
        found = frozenset(self.drifts())
        for drift in sorted(found - self._told, key=lambda it: (it.subject, it.reason)):
            _log.error("policy drifted", extra={"subject": drift.subject, "reason": drift.reason})
            self._audit.note(
                Caller(SYSTEM, Role.ADMIN, frozenset(), drift.tenant),
                AuditAction.POLICY_DRIFTED,
                drift.subject,
                environment=drift.environment.value,
                reason=drift.reason,
            )
        self._told = found

    def drifts(self) -> list[Drift]:
        """Tell what is in force and is not what was proved, or not what was deployed."""
        book = self._stores.deployments.book()
        return [*self._unproved(book), *self._astray(book)]

    def _unproved(self, book: Book) -> Iterable[Drift]:
        now = self._clock.now_ms()
        versions = {(it.policy_id, it.version): it for it in book.versions}
        known = self._verifications.of_versions(list(versions))
        for slot in book.slots:
            for role, number in roles_of(slot):
                version = versions[slot.policy_id, number]
                if sha256(version.image).hexdigest() != version.digest:
                    reason = f"version {number} is not what was written: its digest differs"
                    yield Drift(slot.tenant, slot.policy_id, slot.environment, reason)
                    continue
                if role == "shadow" or not self._was_verified(slot, role):
                    continue
                found = known.get((slot.policy_id, number))
                if found is None or not found.is_verified(now):
                    why = "" if found is None else "; ".join(found.stale) or found.state.value
                    reason = f"version {number} was proved when it was deployed, and is not: {why}"
                    yield Drift(slot.tenant, slot.policy_id, slot.environment, reason)

    def _was_verified(self, slot: Slot, role: str) -> bool:
        named = slot.stable_deployment if role == "stable" else slot.candidate_deployment
        deployment = self._stores.deployments.find(slot.tenant, named)
        return deployment is not None and deployment.verified

    def _astray(self, book: Book) -> Iterable[Drift]:
        expected = {
            environment: expected_digest(
                Book(
                    book.generation,
                    tuple(it for it in book.slots if it.environment is environment),
                    book.versions,
                )
            )
            for environment in Environment
        }
        for node in self._stores.tallies.nodes(self._clock.now_ms() - _FRESH_MS):
            # One that is behind follows within a second; that is no drift.
            if node.generation == book.generation and node.loaded != expected[node.environment]:
                reason = f"process {node.pid} decides by something else than what is deployed"
                yield Drift(_NOBODY, node.node, node.environment, reason)
