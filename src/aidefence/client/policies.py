"""Policies of a gateway: `client.policies`, waited for or awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from aidefence.client import policy_questions as questions
from aidefence.client import policy_words as words
from aidefence.client.questions import Question, Told
from aidefence.domain.policy_store import Environment, Strategy


class _Ask(Protocol):
    def __call__(self, question: Question[Told]) -> Told: ...


class _AskLater(Protocol):
    def __call__(self, question: Question[Told]) -> Awaitable[Told]: ...


class Policies:
    """Writes, compares and deploys policies of a gateway."""

    __slots__ = ("_ask",)

    def __init__(self, ask: _Ask) -> None:
        self._ask = ask

    def create(
        self,
        name: str,
        source: str | None = None,
        *,
        rules: Sequence[Mapping[str, object]] = (),
        description: str = "",
        verification_required: bool = True,
    ) -> words.Policy:
        """Write a policy from its `source`, or from `rules`, and have it proved.

        Each rule holds `id`, `condition`, `action` and `priority`; it is not tried again once it
        may have arrived, as all here that changes something.
        """
        return self._ask(
            questions.create(
                name, source, rules, description, verification_required=verification_required
            )
        )

    def revise(
        self,
        policy_id: str,
        source: str | None = None,
        *,
        rules: Sequence[Mapping[str, object]] = (),
    ) -> words.Policy:
        """Write the next version and have it proved."""
        return self._ask(questions.revise(policy_id, source, rules))

    def list(self, *, retired: bool = False) -> tuple[words.PolicySummary, ...]:
        """Give all policies with their newest versions."""
        return self._ask(questions.listed(retired=retired))

    def get(self, policy_id: str, version: int | None = None) -> words.Policy:
        """Give a policy with one version, by default the newest."""
        return self._ask(questions.find(policy_id, version))

    def versions(self, policy_id: str) -> tuple[words.PolicySummary, ...]:
        """Give all versions, the newest first."""
        return self._ask(questions.versions(policy_id))

    def diff(
        self, policy_id: str, old: int | None = None, new: int | None = None
    ) -> words.PolicyDiff:
        """Tell what changed, by default from the last version but one to the newest."""
        return self._ask(questions.diff(policy_id, old, new))

    def verification(self, policy_id: str, version: int | None = None) -> words.PolicyVerification:
        """Tell what is known of the proofs of a version, by default the newest."""
        return self._ask(questions.verification(policy_id, version))

    def verify(self, policy_id: str, version: int | None = None) -> words.PolicyVerification:
        """Have a version proved anew, by default the newest."""
        return self._ask(questions.verify(policy_id, version))

    def deploy(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        strategy: Strategy | str = Strategy.IMMEDIATE,
        percentage: float | None = None,
        version: int | None = None,
    ) -> words.PolicyDeployment:
        """Bring a version into force, by default the newest at once."""
        return self._ask(questions.deploy(policy_id, environment, strategy, percentage, version))

    def deployments(self, policy_id: str, limit: int = 100) -> tuple[words.PolicyDeployment, ...]:
        """Tell of deployments, the newest first."""
        return self._ask(questions.deployments(policy_id, limit))

    def rollback(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        reason: str = "",
    ) -> words.PolicyRollback:
        """Undo the last deployment in one step."""
        return self._ask(questions.roll_back(policy_id, environment, reason))

    def shadow(
        self, policy_id: str, environment: Environment | str = Environment.PRODUCTION
    ) -> words.PolicyShadow:
        """Tell what the version that only watches would have decided."""
        return self._ask(questions.shadow(policy_id, environment))

    def begin_shadow(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        version: int | None = None,
    ) -> words.PolicyShadow:
        """Let a version watch without deciding, by default the newest."""
        return self._ask(questions.begin_shadow(policy_id, environment, version))

    def end_shadow(
        self, policy_id: str, environment: Environment | str = Environment.PRODUCTION
    ) -> None:
        """Let no version watch any more."""
        self._ask(questions.end_shadow(policy_id, environment))

    def past(
        self, policy_id: str, *, version: int | None = None, last: int = 1_000
    ) -> words.PolicyPast:
        """Tell what a version, by default the newest, would have decided about past requests."""
        return self._ask(questions.past(policy_id, version, last))

    def approve_call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        session_id: str,
        *,
        minutes: float | None = None,
    ) -> words.CallApproval:
        """Approve one call of a session: policies see it as `approved` once, in that time.

        By default it waits a quarter of an hour.
        """
        return self._ask(questions.approve_call(tool, arguments, session_id, minutes))

    def retire(self, policy_id: str) -> None:
        """End a policy: it holds nowhere any more, and stays readable."""
        self._ask(questions.retire(policy_id))


class AsyncPolicies:
    """The same, awaited."""

    __slots__ = ("_ask",)

    def __init__(self, ask: _AskLater) -> None:
        self._ask = ask

    async def create(
        self,
        name: str,
        source: str | None = None,
        *,
        rules: Sequence[Mapping[str, object]] = (),
        description: str = "",
        verification_required: bool = True,
    ) -> words.Policy:
        """Write a policy from its `source`, or from `rules`, and have it proved.

        Each rule holds `id`, `condition`, `action` and `priority`; it is not tried again once it
        may have arrived, as all here that changes something.
        """
        return await self._ask(
            questions.create(
                name, source, rules, description, verification_required=verification_required
            )
        )

    async def revise(
        self,
        policy_id: str,
        source: str | None = None,
        *,
        rules: Sequence[Mapping[str, object]] = (),
    ) -> words.Policy:
        """Write the next version and have it proved."""
        return await self._ask(questions.revise(policy_id, source, rules))

    async def list(self, *, retired: bool = False) -> tuple[words.PolicySummary, ...]:
        """Give all policies with their newest versions."""
        return await self._ask(questions.listed(retired=retired))

    async def get(self, policy_id: str, version: int | None = None) -> words.Policy:
        """Give a policy with one version, by default the newest."""
        return await self._ask(questions.find(policy_id, version))

    async def versions(self, policy_id: str) -> tuple[words.PolicySummary, ...]:
        """Give all versions, the newest first."""
        return await self._ask(questions.versions(policy_id))

    async def diff(
        self, policy_id: str, old: int | None = None, new: int | None = None
    ) -> words.PolicyDiff:
        """Tell what changed, by default from the last version but one to the newest."""
        return await self._ask(questions.diff(policy_id, old, new))

    async def verification(
        self, policy_id: str, version: int | None = None
    ) -> words.PolicyVerification:
        """Tell what is known of the proofs of a version, by default the newest."""
        return await self._ask(questions.verification(policy_id, version))

    async def verify(self, policy_id: str, version: int | None = None) -> words.PolicyVerification:
        """Have a version proved anew, by default the newest."""
        return await self._ask(questions.verify(policy_id, version))

    async def deploy(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        strategy: Strategy | str = Strategy.IMMEDIATE,
        percentage: float | None = None,
        version: int | None = None,
    ) -> words.PolicyDeployment:
        """Bring a version into force, by default the newest at once."""
        return await self._ask(
            questions.deploy(policy_id, environment, strategy, percentage, version)
        )

    async def deployments(
        self, policy_id: str, limit: int = 100
    ) -> tuple[words.PolicyDeployment, ...]:
        """Tell of deployments, the newest first."""
        return await self._ask(questions.deployments(policy_id, limit))

    async def rollback(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        reason: str = "",
    ) -> words.PolicyRollback:
        """Undo the last deployment in one step."""
        return await self._ask(questions.roll_back(policy_id, environment, reason))

    async def shadow(
        self, policy_id: str, environment: Environment | str = Environment.PRODUCTION
    ) -> words.PolicyShadow:
        """Tell what the version that only watches would have decided."""
        return await self._ask(questions.shadow(policy_id, environment))

    async def begin_shadow(
        self,
        policy_id: str,
        environment: Environment | str = Environment.PRODUCTION,
        *,
        version: int | None = None,
    ) -> words.PolicyShadow:
        """Let a version watch without deciding, by default the newest."""
        return await self._ask(questions.begin_shadow(policy_id, environment, version))

    async def end_shadow(
        self, policy_id: str, environment: Environment | str = Environment.PRODUCTION
    ) -> None:
        """Let no version watch any more."""
        await self._ask(questions.end_shadow(policy_id, environment))

    async def past(
        self, policy_id: str, *, version: int | None = None, last: int = 1_000
    ) -> words.PolicyPast:
        """Tell what a version, by default the newest, would have decided about past requests."""
        return await self._ask(questions.past(policy_id, version, last))

    async def approve_call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        session_id: str,
        *,
        minutes: float | None = None,
    ) -> words.CallApproval:
        """Approve one call of a session: policies see it as `approved` once, in that time.

        By default it waits a quarter of an hour.
        """
        return await self._ask(questions.approve_call(tool, arguments, session_id, minutes))

    async def retire(self, policy_id: str) -> None:
        """End a policy: it holds nowhere any more, and stays readable."""
        await self._ask(questions.retire(policy_id))
