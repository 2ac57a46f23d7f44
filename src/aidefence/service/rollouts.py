"""Bring versions of policies into force, whole or bit by bit, and take them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aidefence.domain.access import Caller, Permission
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import ImageError, SettingError
from aidefence.domain.policy_store import (
    WHOLE,
    Book,
    Deployment,
    DeploymentState,
    Environment,
    PolicyVersion,
    ShadowChange,
    Slot,
    StoredPolicy,
    Strategy,
)
from aidefence.domain.refusals import ConflictError, ForbiddenError, NotFoundError
from aidefence.policy.image import Image
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.ports.ids import Ids
from aidefence.ports.policy_store import (
    DeploymentStore,
    PolicyStore,
    TallyStore,
    VerificationStore,
)
from aidefence.service.audit import Audit
from aidefence.service.following import REPORT_MS

PERCENTAGE = 10.0
"""With which part of sessions a careful roll-out begins where nobody says."""
_ALL = 100.0
_FRESH_MS = 3 * REPORT_MS
_HISTORY_MAX = 1000
_ROLLED_BACK_BY = "rolled back by"


class Sync(StrEnum):
    """How far a node is behind what was deployed."""

    SYNCED = "synced"
    SYNCING = "syncing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeployWish:
    """What somebody wants to bring into force."""

    environment: Environment
    strategy: Strategy = Strategy.IMMEDIATE
    percentage: float | None = None
    """Of sessions, for strategies that begin with a part of them."""
    version: int | None = None
    """By default the newest."""


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """A deployment, and how far the nodes that it is for are."""

    deployment: Deployment
    share: int
    """Which part of sessions it reaches now, of `WHOLE`."""
    nodes: Mapping[str, Sync] = field(default_factory=dict)

    @property
    def is_failed(self) -> bool:
        """Whether it does not hold, or a node cannot put it in force."""
        gone = self.deployment.state in {DeploymentState.ROLLED_BACK, DeploymentState.WITHDRAWN}
        return gone or Sync.FAILED in self.nodes.values()

    @property
    def is_done(self) -> bool:
        """Whether all nodes that it is for have it, for all sessions."""
        if self.is_failed or self.deployment.state is DeploymentState.ROLLING_OUT:
            return False
        return bool(self.nodes) and set(self.nodes.values()) == {Sync.SYNCED}


@dataclass(frozen=True, slots=True)
class PolicyStores:
    """Where policies are kept, by what is kept of them."""

    policies: PolicyStore
    verifications: VerificationStore
    deployments: DeploymentStore
    tallies: TallyStore


class Rollouts:
    """What holds where. Safe to share between threads; may wait for a disk.

    Every method raises `NotFoundError` where the caller's tenant has no such policy, and
    `UnavailableError` where the store is silent; every change is in the audit log, or is none.
    """

    __slots__ = ("_audit", "_clock", "_ids", "_stores", "_together")

    def __init__(
        self, stores: PolicyStores, audit: Audit, together: Together, clock: Clock, ids: Ids
    ) -> None:
        self._stores = stores
        self._audit = audit
        self._together = together
        self._clock = clock
        self._ids = ids

    def deploy(self, policy_id: str, wish: DeployWish, caller: Caller) -> DeploymentStatus:
        """Bring a version into force; all processes of the environment follow within a second.

        Raises:
            SettingError: strategy and percentage do not fit.
            ConflictError: it is not proved, holds already, another roll-out is going on, or another
                policy of that name is in force.
            ForbiddenError: it is not proved and need not be, but the caller is no operator.

        """
        share = _share(wish)
        policy = self._find(policy_id, caller)
        if policy.retired_ms is not None:
            raise ConflictError(f"policy `{policy.id}` is retired")
        version = policy.newest if wish.version is None else wish.version
        given = self._stores.policies.version(policy.id, version)
        if given is None:
            raise NotFoundError(f"policy `{policy.id}` has no version {version}")
        now = self._clock.now_ms()
        verified = self._check_proved(policy, version, caller, now)
        with self._together():
            slot = self._slot(policy, wish.environment)
            _check_free(slot, version)
            _check_name(policy, given, self._stores.deployments.book(wish.environment))
            deployment = Deployment(
                id=self._ids.name("dep"),
                tenant=policy.tenant,
                policy_id=policy.id,
                version=version,
                environment=wish.environment,
                strategy=wish.strategy,
                share=share,
                state=DeploymentState.LIVE if share == WHOLE else DeploymentState.ROLLING_OUT,
                by=caller.id,
                at_ms=now,
                verified=verified,
                generation=0,
                before=slot.stable,
            )
            done = self._begin(slot, deployment, now)
            self._audit.note(
                caller,
                AuditAction.POLICY_DEPLOYED,
                policy.id,
                version=version,
                environment=wish.environment.value,
                strategy=wish.strategy.value,
                percentage=share * _ALL / WHOLE,
                verified=verified,
            )
        return self._status(done)

    def roll_back(
        self, policy_id: str, environment: Environment, caller: Caller, reason: str = ""
    ) -> Slot:
        """Undo the last deployment in one step, whether it is still rolling out or holds.

        Raises:
            ConflictError: nothing is in force there.

        """
        policy = self._find(policy_id, caller)
        with self._together():
            slot = self._slot(policy, environment)
            told = f"{_ROLLED_BACK_BY} {caller.id}" + (f": {reason}" if reason else "")
            changed = self._undo(slot, DeploymentState.ROLLED_BACK, told)
            self._audit.note(
                caller,
                AuditAction.POLICY_REVERTED,
                policy.id,
                environment=environment.value,
                version=slot.stable if slot.candidate is None else slot.candidate,
                holds=changed.stable,
                reason=reason,
            )
        return changed

    def withdraw(self, policy: StoredPolicy) -> None:
        """Take a policy out of force everywhere; within a change that says why."""
        now = self._clock.now_ms()
        for slot in self._stores.deployments.slots(policy.id):
            for deployment in (slot.candidate_deployment, slot.stable_deployment):
                if deployment:
                    self._settle(deployment, DeploymentState.WITHDRAWN, "the policy is retired")
            empty = Slot(slot.tenant, slot.policy_id, slot.environment)
            self._put(replace(empty, revision=slot.revision + 1, stage_ms=now))

    def give_up(self, slot: Slot, reason: str) -> bool:
        """Take back a roll-out that does worse; false where somebody else was faster."""
        try:
            with self._together():
                self._undo(slot, DeploymentState.ROLLED_BACK, reason)
        except ConflictError:
            return False
        return True

    def advance(self, slot: Slot, share: int) -> bool:
        """Let a roll-out reach more sessions; false where somebody else was faster."""
        try:
            with self._together():
                if share < WHOLE:
                    self._put(_stage(slot, share, self._clock.now_ms()))
                else:
                    self._finish(slot, slot.candidate, slot.candidate_deployment)
                    self._settle(slot.candidate_deployment, DeploymentState.LIVE, "")
        except ConflictError:
            return False
        return True

    def shadow(
        self, policy_id: str, environment: Environment, caller: Caller, version: int | None
    ) -> Slot:
        """Let a version watch live requests without deciding any; none ends that.

        Raises:
            NotFoundError: the policy has no such version.
            ConflictError: it is retired.

        """
        policy = self._find(policy_id, caller)
        if policy.retired_ms is not None:
            raise ConflictError(f"policy `{policy.id}` is retired")
        if version is not None and self._stores.policies.version(policy.id, version) is None:
            raise NotFoundError(f"policy `{policy.id}` has no version {version}")
        with self._together():
            slot = self._slot(policy, environment)
            now = self._clock.now_ms()
            changed = replace(slot, revision=slot.revision + 1, shadow=version, shadow_ms=now)
            self._put(changed)
            self._audit.note(
                caller,
                AuditAction.POLICY_SHADOWED,
                policy.id,
                environment=environment.value,
                version=version,
            )
        return changed

    def slots(self, policy_id: str, caller: Caller) -> Sequence[Slot]:
        """Tell what holds of a policy, by environment."""
        return self._stores.deployments.slots(self._find(policy_id, caller).id)

    def shadowed(
        self, policy_id: str, environment: Environment, caller: Caller
    ) -> tuple[Slot, Sequence[ShadowChange]]:
        """Tell what the version that only watches would have decided."""
        slot = self._slot(self._find(policy_id, caller), environment)
        if slot.shadow is None:
            return slot, ()
        return slot, self._stores.tallies.shadowed(policy_id, slot.shadow, environment)

    def history(
        self, policy_id: str, caller: Caller, limit: int = 100
    ) -> Sequence[DeploymentStatus]:
        """Tell of deployments of a policy, the newest first."""
        policy = self._find(policy_id, caller)
        found = self._stores.deployments.all(policy.id, max(1, min(limit, _HISTORY_MAX)))
        return [self._status(it) for it in found]

    def status(self, deployment_id: str, caller: Caller) -> DeploymentStatus:
        """Tell how far a deployment is.

        Raises:
            NotFoundError: there is none, or not for this caller.

        """
        found = self._stores.deployments.find(caller.tenant, deployment_id)
        if found is None:
            raise NotFoundError(f"no deployment `{deployment_id[:80]}`")
        return self._status(found)

    def _find(self, policy_id: str, caller: Caller) -> StoredPolicy:
        return find_policy(self._stores.policies, policy_id, caller)

    def _slot(self, policy: StoredPolicy, environment: Environment) -> Slot:
        return self._stores.deployments.slot(policy.tenant, policy.id, environment)

    def _check_proved(
        self, policy: StoredPolicy, version: int, caller: Caller, now_ms: int
    ) -> bool:
        found = self._stores.verifications.find(policy.id, version)
        if found is not None and found.is_verified(now_ms):
            return True
        if policy.verification_required:
            state = "not proved" if found is None else "; ".join(found.stale) or found.state.value
            raise ConflictError(f"version {version} of policy `{policy.id}` is not proved: {state}")
        if not caller.may(Permission.OPERATE):
            raise ForbiddenError(
                f"`{caller.id}` ({caller.role.value}) may not deploy what is not proved: "
                f"that takes `{Permission.OPERATE}`"
            )
        return False

    def _begin(self, slot: Slot, deployment: Deployment, now_ms: int) -> Deployment:
        if slot.candidate is not None:
            told = f"went on as {deployment.id}"
            self._settle(slot.candidate_deployment, DeploymentState.REPLACED, told)
        if deployment.state is DeploymentState.LIVE:
            generation = self._finish(slot, deployment.version, deployment.id)
        else:
            staged = replace(
                slot,
                candidate=deployment.version,
                candidate_deployment=deployment.id,
                strategy=deployment.strategy,
            )
            generation = self._put(_stage(staged, deployment.share, now_ms))
        done = replace(deployment, generation=generation)
        self._stores.deployments.add(done)
        return done

    def _finish(self, slot: Slot, version: int | None, deployment_id: str) -> int:
        """Make a version hold for all."""
        if slot.stable_deployment:
            told = f"replaced by {deployment_id}"
            self._settle(slot.stable_deployment, DeploymentState.REPLACED, told)
        return self._put(
            _without_candidate(replace(slot, stable=version, stable_deployment=deployment_id))
        )

    def _undo(self, slot: Slot, state: DeploymentState, reason: str) -> Slot:
        if slot.candidate is not None:
            self._settle(slot.candidate_deployment, state, reason)
            changed = _without_candidate(slot)
        elif slot.stable is not None:
            changed = self._one_back(slot, state, reason)
        else:
            raise ConflictError(
                f"nothing of policy `{slot.policy_id}` is in force in {slot.environment.value}"
            )
        self._put(changed)
        return changed

    def _one_back(self, slot: Slot, state: DeploymentState, reason: str) -> Slot:
        history = self._stores.deployments.all(slot.policy_id, _HISTORY_MAX)
        here = [it for it in history if it.environment is slot.environment]
        now = next(it for it in here if it.id == slot.stable_deployment)
        self._settle(now.id, state, reason)
        before = next(
            (
                it
                for it in here
                if it.version == now.before
                and it.state is DeploymentState.REPLACED
                and it.generation < now.generation
            ),
            None,
        )
        if before is not None:
            self._settle(before.id, DeploymentState.LIVE, f"again, after {now.id}")
        return _without_candidate(
            replace(
                slot,
                stable=None if before is None else before.version,
                stable_deployment="" if before is None else before.id,
            )
        )

    def _put(self, slot: Slot) -> int:
        generation = self._stores.deployments.put_slot(slot)
        if generation is None:
            raise ConflictError(
                f"policy `{slot.policy_id}` was changed in {slot.environment.value} meanwhile"
            )
        return generation

    def _settle(self, deployment_id: str, state: DeploymentState, reason: str) -> None:
        self._stores.deployments.settle(deployment_id, state, reason, self._clock.now_ms())

    def _status(self, deployment: Deployment) -> DeploymentStatus:
        slot = self._stores.deployments.slot(
            deployment.tenant, deployment.policy_id, deployment.environment
        )
        share = 0
        if slot.stable_deployment == deployment.id:
            share = WHOLE
        elif slot.candidate_deployment == deployment.id:
            share = slot.share
        nodes: dict[str, Sync] = {}
        for it in self._stores.tallies.nodes(self._clock.now_ms() - _FRESH_MS):
            if it.environment is not deployment.environment:
                continue
            behind = it.generation < deployment.generation
            sync = (Sync.FAILED if it.problem else Sync.SYNCING) if behind else Sync.SYNCED
            # Of the processes of a node, the one that is furthest behind counts.
            nodes[it.node] = max(nodes.get(it.node, sync), sync, key=list(Sync).index)
        return DeploymentStatus(deployment, share, nodes)


def find_policy(policies: PolicyStore, policy_id: str, caller: Caller) -> StoredPolicy:
    """Give a policy of the caller's tenant.

    Raises:
        NotFoundError: there is none.

    """
    found = policies.find(caller.tenant, policy_id)
    if found is None:
        raise NotFoundError(f"no policy `{policy_id[:80]}`")
    return found


def _share(wish: DeployWish) -> int:
    given = wish.percentage
    if wish.strategy is Strategy.IMMEDIATE:
        if given not in {None, _ALL}:
            raise SettingError("rolloutPercentage", "goes with `canary` and `gradual` only")
        return WHOLE
    percentage = PERCENTAGE if given is None else given
    if not 0 < percentage <= _ALL:
        raise SettingError("rolloutPercentage", "expected more than 0 and at most 100")
    return max(1, round(percentage * WHOLE / _ALL))


def _check_free(slot: Slot, version: int) -> None:
    if slot.candidate is not None and slot.candidate != version:
        raise ConflictError(
            f"version {slot.candidate} is rolling out as `{slot.candidate_deployment}`: "
            "roll it back, or let it end"
        )
    if slot.candidate is None and slot.stable == version:
        raise ConflictError(f"version {version} holds already, by `{slot.stable_deployment}`")


def _stage(slot: Slot, share: int, now_ms: int) -> Slot:
    return replace(slot, revision=slot.revision + 1, share=share, stage_ms=now_ms)


def _without_candidate(slot: Slot) -> Slot:
    return replace(
        slot,
        revision=slot.revision + 1,
        candidate=None,
        candidate_deployment="",
        strategy=Strategy.IMMEDIATE,
        share=0,
    )


def _check_name(policy: StoredPolicy, given: PolicyVersion, book: Book) -> None:
    """Two policies that decide side by side are told apart by what they call themselves."""
    beside = {it.policy_id for it in book.slots if it.tenant == policy.tenant} - {policy.id}
    name = _name_of(given)
    for it in book.versions:
        if name is not None and it.policy_id in beside and _name_of(it) == name:
            raise ConflictError(
                f"policy `{it.policy_id}` calls itself `{name}`, too, and is in force there: "
                "retire it, or give one of them another name"
            )


def _name_of(version: PolicyVersion) -> str | None:
    try:
        return Image.from_json(version.image).id
    except ImageError:
        # Nodes will say that they cannot load it.
        return None
