"""Policies: asked about, written, brought into force, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import strawberry

from aidefence.delivery.graphql.asker import Asking, there
from aidefence.delivery.graphql.inputs import read_limit
from aidefence.delivery.graphql.policy_types import (
    CallApproval,
    Policy,
    PolicyComparison,
    PolicyDeployment,
    PolicyInput,
    PolicyShadow,
    PolicySlot,
    PolicyVerification,
    RuleInput,
    tell_approval,
    tell_deployment,
    tell_diff,
    tell_policy,
    tell_shadow,
    tell_slot,
    tell_verification,
)
from aidefence.delivery.graphql.scalars import Json
from aidefence.delivery.http.problems import refusal_of_given
from aidefence.domain.access import Caller, Permission
from aidefence.domain.errors import PolicyError, SettingError
from aidefence.domain.policy_store import Environment, Strategy
from aidefence.service.approvals import MINUTES
from aidefence.service.authoring import RuleWish, UnreadError
from aidefence.service.policies import PolicyWish
from aidefence.service.policy_desk import PolicyDesk
from aidefence.service.rollouts import DeployWish

_DEPLOYMENTS_MAX = 1000
_Told = TypeVar("_Told")


@strawberry.type
class PolicyQueries:
    @strawberry.field(description="Policies, the newest first.")
    async def policies(
        self,
        info: Asking,
        retired: bool = False,  # noqa: FBT001, FBT002 -- an argument in GraphQL
    ) -> list[Policy]:
        return await _read(
            info,
            lambda desk, who: [tell_policy(it) for it in desk.policies.all(who, retired=retired)],
        )

    @strawberry.field(description="One policy, by default with its newest version.")
    async def policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        version: int | None = None,
    ) -> Policy:
        return await _read(
            info, lambda desk, who: tell_policy(desk.policies.find(str(id), who, version))
        )

    @strawberry.field(description="All versions of a policy, the newest first.")
    async def policy_versions(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
    ) -> list[Policy]:
        return await _read(
            info,
            lambda desk, who: [tell_policy(it) for it in desk.policies.versions(str(id), who)],
        )

    @strawberry.field(description="What is known of the proofs of a version.")
    async def policy_verification(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        version: int | None = None,
    ) -> PolicyVerification:
        return await _read(
            info,
            lambda desk, who: tell_verification(desk.policies.verification(str(id), who, version)),
        )

    @strawberry.field(description="What changed between two versions, in words and decisions.")
    async def policy_diff(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        old: int | None = None,
        new: int | None = None,
    ) -> PolicyComparison:
        return await _read(
            info, lambda desk, who: tell_diff(desk.policies.diff(str(id), who, old, new))
        )

    @strawberry.field(description="What a version says, in plain sentences.")
    async def policy_paraphrase(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        version: int | None = None,
    ) -> list[str]:
        return await _read(
            info, lambda desk, who: list(desk.policies.paraphrase(str(id), who, version)[1])
        )

    @strawberry.field(description="Deployments of a policy, the newest first.")
    async def policy_deployments(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        limit: int = 100,
    ) -> list[PolicyDeployment]:
        most = read_limit(limit, _DEPLOYMENTS_MAX)
        return await _read(
            info,
            lambda desk, who: [
                tell_deployment(it) for it in desk.rollouts.history(str(id), who, most)
            ],
        )

    @strawberry.field(description="What a version that only watches would have decided.")
    async def policy_shadow(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        environment: Environment = Environment.PRODUCTION,
    ) -> PolicyShadow:
        return await _read(
            info,
            lambda desk, who: tell_shadow(*desk.rollouts.shadowed(str(id), environment, who)),
        )


@strawberry.type
class PolicyMutations:
    @strawberry.mutation(description="Write a policy and have it proved.")
    async def create_policy(self, info: Asking, policy: PolicyInput) -> Policy:
        wish = PolicyWish(
            policy.name,
            policy.description,
            _rules(policy.rules),
            policy.source,
            policy.verification_required,
        )
        return await _write(info, lambda desk, who: tell_policy(desk.policies.create(wish, who)))

    @strawberry.mutation(description="Write a new version of a policy and have it proved.")
    async def revise_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        source: str | None = None,
        rules: list[RuleInput] | None = None,
    ) -> Policy:
        wish = PolicyWish("", rules=_rules(rules or []), source=source)
        return await _write(
            info, lambda desk, who: tell_policy(desk.policies.revise(str(id), wish, who))
        )

    @strawberry.mutation(description="Have a version proved anew.")
    async def verify_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        version: int | None = None,
    ) -> PolicyVerification:
        return await _write(
            info,
            lambda desk, who: tell_verification(desk.policies.verify(str(id), who, version)),
        )

    @strawberry.mutation(description="Bring a version into force, by default the newest.")
    async def deploy_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        environment: Environment = Environment.PRODUCTION,
        strategy: Strategy = Strategy.IMMEDIATE,
        percentage: float | None = None,
        version: int | None = None,
    ) -> PolicyDeployment:
        wish = DeployWish(environment, strategy, percentage, version)
        return await _deploy(
            info, lambda desk, who: tell_deployment(desk.rollouts.deploy(str(id), wish, who))
        )

    @strawberry.mutation(description="Undo the last deployment in one step.")
    async def roll_back_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        environment: Environment = Environment.PRODUCTION,
        reason: str = "",
    ) -> PolicySlot:
        return await _deploy(
            info,
            lambda desk, who: tell_slot(
                desk.rollouts.roll_back(str(id), environment, who, reason[:500])
            ),
        )

    @strawberry.mutation(description="Let a version watch; none ends that.")
    async def shadow_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
        environment: Environment = Environment.PRODUCTION,
        version: int | None = None,
    ) -> PolicySlot:
        return await _deploy(
            info,
            lambda desk, who: tell_slot(desk.rollouts.shadow(str(id), environment, who, version)),
        )

    @strawberry.mutation(description="Approve one call of a session, for policies to see once.")
    async def approve_call(
        self,
        info: Asking,
        tool: str,
        arguments: Json,
        session_id: str,
        minutes: float = MINUTES,
    ) -> CallApproval:
        if not isinstance(arguments, dict):
            raise refusal_of_given(SettingError("arguments", "expected an object"))
        return await _do(
            info,
            Permission.REVIEW,
            lambda desk, who: tell_approval(
                desk.approvals.approve(tool, arguments, session_id, who, minutes)
            ),
        )

    @strawberry.mutation(description="End a policy: it holds nowhere any more.")
    async def retire_policy(
        self,
        info: Asking,
        id: strawberry.ID,  # noqa: A002 -- its name in GraphQL
    ) -> Policy:
        def retire(desk: PolicyDesk, who: Caller) -> Policy:
            desk.policies.retire(str(id), who)
            return tell_policy(desk.policies.find(str(id), who))

        return await _deploy(info, retire)


_Work = Callable[[PolicyDesk, Caller], _Told]


async def _read(info: Asking, work: _Work[_Told]) -> _Told:
    return await _do(info, Permission.READ_POLICIES, work)


async def _write(info: Asking, work: _Work[_Told]) -> _Told:
    return await _do(info, Permission.WRITE_POLICIES, work)


async def _deploy(info: Asking, work: _Work[_Told]) -> _Told:
    return await _do(info, Permission.DEPLOY_POLICIES, work)


async def _do(info: Asking, permission: Permission, work: _Work[_Told]) -> _Told:
    caller = info.context.enter(permission)
    desk = there(info.context.services.policies)
    try:
        return await asyncio.to_thread(work, desk, caller)
    except (SettingError, PolicyError, UnreadError) as error:
        raise refusal_of_given(error) from None


def _rules(given: list[RuleInput]) -> tuple[RuleWish, ...]:
    return tuple(RuleWish(it.id, it.condition, it.action, it.priority) for it in given)
