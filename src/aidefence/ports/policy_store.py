"""Policies, as the outside world keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aidefence.domain.policy_store import (
    Arm,
    ArmCounts,
    Book,
    Deployment,
    DeploymentState,
    Environment,
    NodeReport,
    PolicyVersion,
    Progress,
    ShadowChange,
    Slot,
    StoredPolicy,
    Verification,
)


class PolicyStore(Protocol):
    """Keeps policies and their versions. What was written once is never changed.

    Every method raises `UnavailableError` where the store does not answer.
    """

    def add(self, policy: StoredPolicy, version: PolicyVersion) -> None:
        """Keep a new policy with its first version."""

    def add_version(self, tenant: str, version: PolicyVersion) -> bool:
        """Keep the next version; false where its number is taken, or the policy is retired."""

    def find(self, tenant: str, policy_id: str) -> StoredPolicy | None:
        """Return a policy."""

    def all(self, tenant: str | None, *, retired: bool = False) -> Sequence[StoredPolicy]:
        """Return the policies of a tenant, or of all, the newest first."""

    def version(self, policy_id: str, version: int) -> PolicyVersion | None:
        """Return one version."""

    def versions(self, policy_id: str) -> Sequence[PolicyVersion]:
        """Return all versions, the newest first."""

    def retire(self, tenant: str, policy_id: str, now_ms: int) -> bool:
        """Mark a policy as retired; false where it is none, or is retired already."""


class VerificationStore(Protocol):
    """Keeps what is known of proofs. `run` says which attempt speaks: an older one is not heard."""

    def put(self, verification: Verification) -> None:
        """Keep a new run, in the place of the one before."""

    def find(self, policy_id: str, version: int) -> Verification | None:
        """Return what is known of one version."""

    def of_versions(self, keys: Sequence[tuple[str, int]]) -> Sequence[Verification]:
        """Return what is known of many versions."""

    def unsettled(self) -> Sequence[Verification]:
        """Return all that are not settled."""

    def progress(self, verification: Verification, progress: Progress) -> bool:
        """Note how far a run is; false where another one has begun."""

    def settle(self, verification: Verification) -> bool:
        """Settle a run; false where another one has begun."""

    def mark_stale(self, verification: Verification, reasons: tuple[str, ...]) -> bool:
        """Note why a run is not to be trusted any more; false where another one has begun."""


class DeploymentStore(Protocol):
    """Keeps what holds where. Every change grows the generation that nodes look at."""

    def generation(self) -> int:
        """A number that grows with every change of what holds."""

    def book(self, environment: Environment | None = None) -> Book:
        """Return all that is to be in force, in one environment or in all."""

    def slot(self, tenant: str, policy_id: str, environment: Environment) -> Slot:
        """Return what holds of a policy; an empty slot of revision 0 where nothing ever did."""

    def slots(self, policy_id: str) -> Sequence[Slot]:
        """Return what holds of a policy, in all environments."""

    def put_slot(self, slot: Slot) -> int | None:
        """Keep a slot whose revision is one more than what is there; gives the generation.

        None where somebody else has changed it meanwhile.
        """

    def add(self, deployment: Deployment) -> None:
        """Keep a new deployment."""

    def settle(self, deployment_id: str, state: DeploymentState, reason: str, now_ms: int) -> None:
        """Note what became of a deployment."""

    def find(self, tenant: str, deployment_id: str) -> Deployment | None:
        """Return a deployment."""

    def all(self, policy_id: str, limit: int) -> Sequence[Deployment]:
        """Return the deployments of a policy, the newest first."""


class TallyStore(Protocol):
    """Keeps what nodes report: what they have in force, and what came of it."""

    def report(self, node: NodeReport) -> None:
        """Keep what a process has in force."""

    def leave(self, node: str, pid: int) -> None:
        """Forget a process that ends."""

    def nodes(self, since_ms: int) -> Sequence[NodeReport]:
        """Return the processes that reported since then."""

    def count(self, at_ms: int, counts: Mapping[Arm, ArmCounts]) -> None:
        """Add to what the sides of roll-outs have seen."""

    def counted(self, deployment_id: str, since_ms: int) -> tuple[ArmCounts, ArmCounts]:
        """Sum up a roll-out since then: what was there before, and the new version."""

    def note_shadow(
        self, policy_id: str, version: int, environment: Environment, change: ShadowChange
    ) -> None:
        """Add to what a version that only watches would have decided."""

    def shadowed(
        self, policy_id: str, version: int, environment: Environment
    ) -> Sequence[ShadowChange]:
        """Return what a version that only watches would have decided."""

    def purge(self, before_ms: int) -> int:
        """Forget what is older; says how much."""
