"""Policies of the store on this machine, in the words of the client of a gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from aidefence.app.parts.policies import open_policies
from aidefence.app.proof_process import ProofProcess
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.storing import opened_store
from aidefence.client import policy_words as words
from aidefence.delivery.rest import policies_telling as telling
from aidefence.delivery.rest.approvals import tell_approval
from aidefence.delivery.rest.policies_wire import (
    DeploymentList,
    PolicyList,
    VersionList,
    WireRollback,
)
from aidefence.domain.access import Caller
from aidefence.domain.policy_store import Environment, PolicyVersion, Strategy
from aidefence.policy.compiling import Compiled
from aidefence.policy.lean import write_lean
from aidefence.service.approvals import MINUTES
from aidefence.service.authoring import sentences_of_compiled
from aidefence.service.policies import PolicyDiff, PolicyView, PolicyWish
from aidefence.service.policy_desk import PolicyDesk
from aidefence.service.rollouts import DeployWish

# What is told goes through the very bytes that a gateway sends: one meaning of every name.
_encode = msgspec.json.Encoder().encode


class PoliciesHere:
    """Does what `client.policies` does, without a gateway."""

    __slots__ = ("_caller", "_desk")

    def __init__(self, desk: PolicyDesk, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    def create(
        self, name: str, source: str, *, description: str = "", verification_required: bool = True
    ) -> words.Policy:
        """Write a policy; a gateway of this store proves it."""
        wish = PolicyWish(name, description, (), source, verification_required)
        return _policy(self._desk.policies.create(wish, self._caller))

    def revise(self, policy_id: str, source: str) -> words.Policy:
        """Write the next version."""
        wish = PolicyWish("", source=source)
        return _policy(self._desk.policies.revise(policy_id, wish, self._caller))

    def list(self, *, retired: bool = False) -> tuple[words.PolicySummary, ...]:
        """Give all policies with their newest versions."""
        found = self._desk.policies.all(self._caller, retired=retired)
        told = PolicyList(tuple(map(telling.tell_summary, found)))
        return words.read_policies(_encode(told))

    def get(self, policy_id: str, version: int | None = None) -> words.Policy:
        """Give a policy with one version, by default the newest."""
        return _policy(self._desk.policies.find(policy_id, self._caller, version))

    def versions(self, policy_id: str) -> tuple[words.PolicySummary, ...]:
        """Give all versions, the newest first."""
        found = self._desk.policies.versions(policy_id, self._caller)
        return words.read_versions(_encode(VersionList(tuple(map(telling.tell_summary, found)))))

    def diff(
        self, policy_id: str, old: int | None = None, new: int | None = None
    ) -> words.PolicyDiff:
        """Tell what changed, by default from the last version but one to the newest."""
        return _diff(self._desk.policies.diff(policy_id, self._caller, old, new))

    def verification(self, policy_id: str, version: int | None = None) -> words.PolicyVerification:
        """Tell what is known of the proofs of a version, by default the newest."""
        found = self._desk.policies.verification(policy_id, self._caller, version)
        return words.read_verification(_encode(telling.tell_verification(found)))

    def deploy(
        self,
        policy_id: str,
        environment: Environment = Environment.PRODUCTION,
        *,
        strategy: Strategy = Strategy.IMMEDIATE,
        percentage: float | None = None,
        version: int | None = None,
    ) -> words.PolicyDeployment:
        """Bring a version into force, by default the newest at once."""
        wish = DeployWish(environment, strategy, percentage, version)
        done = self._desk.rollouts.deploy(policy_id, wish, self._caller)
        return words.read_deployment(_encode(telling.tell_deployment(done)))

    def deployments(self, policy_id: str, limit: int = 100) -> tuple[words.PolicyDeployment, ...]:
        """Tell of deployments, the newest first."""
        found = self._desk.rollouts.history(policy_id, self._caller, limit)
        told = DeploymentList(tuple(map(telling.tell_deployment, found)))
        return words.read_deployments(_encode(told))

    def rollback(
        self,
        policy_id: str,
        environment: Environment = Environment.PRODUCTION,
        *,
        reason: str = "",
    ) -> words.PolicyRollback:
        """Undo the last deployment in one step."""
        slot = self._desk.rollouts.roll_back(policy_id, environment, self._caller, reason)
        told = WireRollback(slot.policy_id, slot.environment.value, slot.stable)
        return words.read_rollback(_encode(told))

    def shadow(
        self, policy_id: str, environment: Environment = Environment.PRODUCTION
    ) -> words.PolicyShadow:
        """Tell what the version that only watches would have decided."""
        found = self._desk.rollouts.shadowed(policy_id, environment, self._caller)
        return words.read_shadow(_encode(telling.tell_shadow(*found)))

    def begin_shadow(
        self,
        policy_id: str,
        environment: Environment = Environment.PRODUCTION,
        *,
        version: int | None = None,
    ) -> words.PolicyShadow:
        """Let a version watch without deciding, by default the newest."""
        number = version or self._desk.policies.find(policy_id, self._caller).policy.newest
        self._desk.rollouts.shadow(policy_id, environment, self._caller, number)
        return self.shadow(policy_id, environment)

    def end_shadow(self, policy_id: str, environment: Environment = Environment.PRODUCTION) -> None:
        """Let no version watch any more."""
        self._desk.rollouts.shadow(policy_id, environment, self._caller, None)

    def past(
        self, policy_id: str, *, version: int | None = None, last: int = 1_000
    ) -> words.PolicyPast:
        """Tell what a version, by default the newest, would have decided about past requests."""
        found = self._desk.past.replay(policy_id, self._caller, version, last)
        return words.read_past(_encode(telling.tell_past(found)))

    def approve_call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        session_id: str,
        *,
        minutes: float | None = None,
    ) -> words.CallApproval:
        """Approve one call of a session, which policies see as `approved` once."""
        limit = MINUTES if minutes is None else minutes
        approve = self._desk.approvals.approve
        made = approve(tool, dict(arguments), session_id, self._caller, limit)
        return words.read_approval(_encode(tell_approval(made)))

    def retire(self, policy_id: str) -> None:
        """End a policy: it holds nowhere any more, and stays readable."""
        self._desk.policies.retire(policy_id, self._caller)


@dataclass(frozen=True, slots=True)
class Written:
    """A policy that stands somewhere, and under which name to tell of it."""

    name: str
    text: str
    compiled: Compiled

    def as_version(self) -> PolicyVersion:
        """Give what provers compare."""
        image = self.compiled.image
        return PolicyVersion(
            policy_id=image.id,
            version=image.version,
            source=self.text,
            image=image.to_json(),
            digest=image.digest,
            properties=b"[]",
            created_ms=0,
            created_by="",
        )


@contextmanager
def opened_policies(sources: Sources, caller: Caller) -> Iterator[PoliciesHere]:
    """Open the policies of the store of a gateway with these settings.

    Raises:
        ConfigError: the settings are wrong, or the store cannot be opened.

    """
    with opened_store(sources) as store:
        parts = open_policies(read_sources(sources), store)
        try:
            yield PoliciesHere(parts.desk, caller)
        finally:
            parts.prover.close()


def compare_written(sources: Sources, old: Written, new: Written) -> words.PolicyDiff:
    """Tell how two policies differ, in words and where they decide differently.

    Raises:
        ConfigError: the settings are wrong.
        UnavailableError: it could not be searched where they decide differently.

    """
    before, after = old.as_version(), new.as_version()
    # Nothing is signed: whoever compares files needs no state, and shall not get one.
    with TemporaryDirectory(prefix="aidefence-") as folder:
        settings = read_sources(sources).model_copy(update={"state_dir": Path(folder)})
        prover = ProofProcess(settings)
        try:
            comparison = prover.compare(before, after)
        finally:
            prover.close()
    lines = _changes(old, new, old.text.splitlines(), new.text.splitlines())
    said = sentences_of_compiled(old.compiled), sentences_of_compiled(new.compiled)
    return _diff(PolicyDiff(before, after, lines, _changes(old, new, *said), comparison))


def _changes(
    old: Written, new: Written, before: Sequence[str], after: Sequence[str]
) -> tuple[str, ...]:
    return tuple(unified_diff(before, after, old.name, new.name, lineterm=""))


def _policy(view: PolicyView) -> words.Policy:
    told = telling.tell_policy(view, write_lean(view.image, view.claims))
    return words.read_policy(_encode(told))


def _diff(found: PolicyDiff) -> words.PolicyDiff:
    return words.read_diff(_encode(telling.tell_diff(found)))
