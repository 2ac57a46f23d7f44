"""Policies: written, revised, compared, retired. What they say is proved and deployed elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import SettingError
from aidefence.domain.policy_store import (
    PolicyVersion,
    Slot,
    StoredPolicy,
    Verification,
    VerificationState,
)
from aidefence.domain.refusals import ConflictError, NotFoundError, OverloadedError
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.ports.ids import Ids
from aidefence.ports.proving import Comparison, Prover
from aidefence.service.audit import Audit
from aidefence.service.authoring import (
    Draft,
    OpenProposer,
    RuleWish,
    draft_rules,
    draft_source,
    read_properties,
    sentences_of,
)
from aidefence.service.rollouts import PolicyStores, Rollouts, find_policy
from aidefence.service.verifying import Verifications

NAME_CODE_POINTS_MAX = 200
DESCRIPTION_CODE_POINTS_MAX = 4_000
POLICIES_MAX = 1_000
"""Of one tenant, without those that are retired."""
_RETRY_MS = 60_000


class PolicyStatus(StrEnum):
    """How a version stands, in one word."""

    PENDING = "pending_verification"
    VERIFIED = "verified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PolicyWish:
    """What somebody wants a policy to be: rules, or a source in the language of policies."""

    name: str
    description: str = ""
    rules: tuple[RuleWish, ...] = ()
    source: str | None = None
    verification_required: bool = True


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy with one of its versions, what is known of its proofs, and where it holds."""

    policy: StoredPolicy
    version: PolicyVersion
    verification: Verification | None
    slots: tuple[Slot, ...]
    status: PolicyStatus

    @property
    def image(self) -> Image:
        """The closed form of the version."""
        return Image.from_json(self.version.image)

    @property
    def claims(self) -> tuple[Property, ...]:
        """What is claimed about it."""
        return read_properties(self.version.properties, self.image)


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """What changed from one version to another: line by line, and request by request."""

    old: PolicyVersion
    new: PolicyVersion
    lines: tuple[str, ...]
    """Of the source."""
    sentences: tuple[str, ...]
    """Of what it says in plain words."""
    comparison: Comparison


class Policies:
    """Writes policies. Safe to share between threads; may wait for a disk.

    Every method raises `NotFoundError` where the caller's tenant has no such policy, and
    `UnavailableError` where the store is silent; every change is in the audit log, or is none.
    """

    __slots__ = (
        *("_audit", "_clock", "_ids", "_asking", "_prover", "_rollouts", "_stores"),
        "_together",
        "_verifications",
    )

    def __init__(
        self,
        stores: PolicyStores,
        verifications: Verifications,
        rollouts: Rollouts,
        prover: Prover,
        audit: Audit,
        together: Together,
        clock: Clock,
        ids: Ids,
        asking: OpenProposer | None = None,
    ) -> None:
        """`asking` opens a model that reads what the grammar does not, for authors to look at."""
        self._asking = asking
        self._stores = stores
        self._verifications = verifications
        self._rollouts = rollouts
        self._prover = prover
        self._audit = audit
        self._together = together
        self._clock = clock
        self._ids = ids

    def create(self, wish: PolicyWish, caller: Caller) -> PolicyView:
        """Keep a new policy and have it proved.

        Raises:
            PolicyError: its source is none; says where and what was expected.
            UnreadError: a condition is not understood, or in several ways.
            SettingError: something of it is out of bounds.
            OverloadedError: the tenant has too many, or too much waits to be proved.

        """
        _check(wish.name, wish.description)
        draft = _draft(wish, 1, self._asking)
        if len(self._stores.policies.all(caller.tenant)) >= POLICIES_MAX:
            raise OverloadedError(f"there are {POLICIES_MAX} policies: retire some", _RETRY_MS)
        policy = StoredPolicy(
            id=self._ids.name("pol"),
            tenant=caller.tenant,
            name=wish.name,
            description=wish.description,
            verification_required=wish.verification_required,
            newest=1,
            created_ms=self._clock.now_ms(),
            created_by=caller.id,
        )
        with self._together():
            self._stores.policies.add(policy, self._version(policy.id, 1, draft, caller))
            self._verifications.request(policy, 1, caller)
            self._audit.note(
                caller,
                AuditAction.POLICY_CREATED,
                policy.id,
                digest=draft.image.digest,
                required=wish.verification_required,
            )
        return self.find(policy.id, caller)

    def revise(self, policy_id: str, wish: PolicyWish, caller: Caller) -> PolicyView:
        """Keep a new version of a policy and have it proved; name and duties stay as they were.

        Raises:
            ConflictError: it is retired, or somebody else was faster.
            PolicyError: its source is none; says where and what was expected.
            UnreadError: a condition is not understood, or in several ways.
            SettingError: something of it is out of bounds.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        if policy.retired_ms is not None:
            raise ConflictError(f"policy `{policy.id}` is retired")
        number = policy.newest + 1
        draft = _draft(wish, number, self._asking)
        with self._together():
            version = self._version(policy.id, number, draft, caller)
            if not self._stores.policies.add_version(caller.tenant, version):
                raise ConflictError(f"policy `{policy.id}` was changed meanwhile")
            self._verifications.request(policy, number, caller)
            self._audit.note(
                caller,
                AuditAction.POLICY_CHANGED,
                policy.id,
                version=number,
                digest=draft.image.digest,
            )
        return self.find(policy.id, caller)

    def retire(self, policy_id: str, caller: Caller) -> None:
        """End a policy: it is taken out of force everywhere, and stays readable.

        Raises:
            ConflictError: it is retired already, or somebody deploys it right now.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        with self._together():
            now = self._clock.now_ms()
            if not self._stores.policies.retire(caller.tenant, policy.id, now):
                raise ConflictError(f"policy `{policy.id}` is retired already")
            self._rollouts.withdraw(policy)
            self._audit.note(caller, AuditAction.POLICY_RETIRED, policy.id)

    def find(self, policy_id: str, caller: Caller, version: int | None = None) -> PolicyView:
        """Give a policy with one version, by default the newest.

        Raises:
            NotFoundError: there is no such version.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        number = policy.newest if version is None else version
        verifications = self._verifications.of_versions([(policy.id, number)])
        return self._view(policy, self.version(policy, number), verifications)

    def all(self, caller: Caller, *, retired: bool = False) -> Sequence[PolicyView]:
        """Give all policies of the caller's tenant with their newest versions."""
        policies = self._stores.policies.all(caller.tenant, retired=retired)
        keys = [(it.id, it.newest) for it in policies]
        verifications = self._verifications.of_versions(keys)
        return [self._view(it, self.version(it, it.newest), verifications) for it in policies]

    def versions(self, policy_id: str, caller: Caller) -> Sequence[PolicyView]:
        """Give all versions of a policy, the newest first."""
        policy = find_policy(self._stores.policies, policy_id, caller)
        versions = self._stores.policies.versions(policy.id)
        keys = [(it.policy_id, it.version) for it in versions]
        verifications = self._verifications.of_versions(keys)
        return [self._view(policy, it, verifications) for it in versions]

    def diff(
        self, policy_id: str, caller: Caller, old: int | None = None, new: int | None = None
    ) -> PolicyDiff:
        """Tell what changed between two versions, by default the newest and the one before.

        Raises:
            NotFoundError: there is no such version.
            UnavailableError: it could not be searched where they decide differently.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        later = policy.newest if new is None else new
        before = self.version(policy, max(1, later - 1) if old is None else old)
        after = self.version(policy, later)
        lines = _changes(before, after, before.source.splitlines(), after.source.splitlines())
        sentences = _changes(before, after, sentences_of(before.source), sentences_of(after.source))
        comparison = self._prover.compare(before, after)
        return PolicyDiff(before, after, lines, sentences, comparison)

    def paraphrase(
        self, policy_id: str, caller: Caller, version: int | None = None
    ) -> tuple[PolicyVersion, tuple[str, ...]]:
        """Say in plain sentences what a version says, by default the newest.

        Raises:
            NotFoundError: there is no such version.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        found = self.version(policy, policy.newest if version is None else version)
        return found, sentences_of(found.source)

    def verify(self, policy_id: str, caller: Caller, version: int | None = None) -> Verification:
        """Have a version proved anew."""
        view = self.find(policy_id, caller, version)
        return self._verifications.request(view.policy, view.version.version, caller)

    def verification(
        self, policy_id: str, caller: Caller, version: int | None = None
    ) -> Verification:
        """Tell what is known of the proofs of a version, by default the newest.

        Raises:
            NotFoundError: there is no such version.

        """
        policy = find_policy(self._stores.policies, policy_id, caller)
        number = self.version(policy, policy.newest if version is None else version).version
        return self._verifications.find(policy.id, number)

    def version(self, policy: StoredPolicy, number: int) -> PolicyVersion:
        """Give one version.

        Raises:
            NotFoundError: there is none.

        """
        found = self._stores.policies.version(policy.id, number)
        if found is None:
            raise NotFoundError(f"policy `{policy.id}` has no version {number}")
        return found

    def _version(self, policy_id: str, number: int, draft: Draft, caller: Caller) -> PolicyVersion:
        return PolicyVersion(
            policy_id=policy_id,
            version=number,
            source=draft.source,
            image=draft.image.to_json(),
            digest=draft.image.digest,
            properties=draft.properties,
            created_ms=self._clock.now_ms(),
            created_by=caller.id,
        )

    def _view(
        self,
        policy: StoredPolicy,
        version: PolicyVersion,
        verifications: dict[tuple[str, int], Verification],
    ) -> PolicyView:
        verification = verifications.get((policy.id, version.version))
        status = status_of(verification, self._clock.now_ms())
        slots = tuple(self._stores.deployments.slots(policy.id))
        return PolicyView(policy, version, verification, slots, status)


def status_of(verification: Verification | None, now_ms: int) -> PolicyStatus:
    """Say in one word how a version stands; what is stale waits to be proved anew."""
    if verification is None:
        return PolicyStatus.PENDING
    if verification.is_verified(now_ms):
        return PolicyStatus.VERIFIED
    failed = verification.state is VerificationState.FAILED
    return PolicyStatus.FAILED if failed else PolicyStatus.PENDING


def _changes(
    old: PolicyVersion, new: PolicyVersion, before: Sequence[str], after: Sequence[str]
) -> tuple[str, ...]:
    names = (f"version {old.version}", f"version {new.version}")
    return tuple(unified_diff(before, after, *names, lineterm=""))


def _draft(wish: PolicyWish, version: int, asking: OpenProposer | None) -> Draft:
    if wish.source is None:
        return draft_rules(wish.name, version, wish.rules, asking)
    if wish.rules:
        raise SettingError("source", "goes without `rules`")
    return draft_source(wish.source)


def _check(name: str, description: str) -> None:
    if not 0 < len(name.strip()) <= len(name) <= NAME_CODE_POINTS_MAX:
        raise SettingError("name", f"expected 1 to {NAME_CODE_POINTS_MAX} characters")
    if not name.isprintable():
        raise SettingError("name", "holds a character that cannot be shown")
    if len(description) > DESCRIPTION_CODE_POINTS_MAX:
        raise SettingError(
            "description", f"expected at most {DESCRIPTION_CODE_POINTS_MAX} characters"
        )
    if any(it == "\0" or "\ud800" <= it <= "\udfff" for it in description):
        raise SettingError("description", "holds a character that cannot be kept")
