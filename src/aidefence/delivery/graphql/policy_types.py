"""What is told of policies."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from aidefence.delivery.graphql.scalars import Json, Long
from aidefence.domain import policy_store as kept
from aidefence.domain.enums import Action
from aidefence.domain.policy_store import DeploymentState, Environment, Strategy, VerificationState
from aidefence.service.approvals import Approval
from aidefence.service.policies import PolicyDiff, PolicyStatus, PolicyView
from aidefence.service.rollouts import DeploymentStatus, Sync


@strawberry.input(description="A rule; its condition is in natural language, or in that of PDL.")
class RuleInput:
    id: str
    condition: str
    action: Action
    priority: int


@strawberry.input(description="A new policy: rules, or a source in their place.")
class PolicyInput:
    name: str
    description: str = ""
    rules: list[RuleInput] = strawberry.field(default_factory=list)
    source: str | None = None
    verification_required: bool = True


@strawberry.type(description="A call that may be made once until `expiresAt`.")
class CallApproval:
    tool: str
    session_id: str
    digest: str = strawberry.field(description="Names the tool and its arguments.")
    approved_by: str
    expires_at: Long


@strawberry.type(description="What holds of a policy in one environment.")
class PolicySlot:
    environment: Environment
    version: int | None
    candidate: int | None
    percentage: float
    shadow: int | None


@strawberry.type(description="A policy with one of its versions. Times are Unix milliseconds.")
class Policy:
    id: strawberry.ID
    name: str
    description: str
    version: int
    newest_version: int
    status: PolicyStatus
    stale: list[str]
    digest: str
    source: str
    verification_required: bool
    created_at: Long
    created_by: str
    retired_at: Long | None
    deployments: list[PolicySlot]


@strawberry.type(description="A claim that does not hold, or was not proved.")
class ProofFailure:
    step: str
    reason: str
    counterexample: Json | None


@strawberry.type(description="What is known of the proofs of one version.")
class PolicyVerification:
    policy_id: strawberry.ID
    version: int
    status: VerificationState
    run: int
    stale: list[str]
    current_step: str
    completed_steps: list[str]
    prover: str | None
    tactics: list[str]
    lemmas_used: list[str]
    claims: list[Json]
    failures: list[ProofFailure]
    certificate: str | None
    requested_at: Long
    settled_at: Long | None
    expires_at: Long | None


@strawberry.type(description="How far a node is.")
class NodeSync:
    node: str
    sync: Sync


@strawberry.type(description="A deployment, and how far the nodes that it is for are.")
class PolicyDeployment:
    id: strawberry.ID
    policy_id: strawberry.ID
    version: int
    environment: Environment
    strategy: Strategy
    state: DeploymentState
    done: bool
    failed: bool
    percentage: float
    verified: bool
    by: str
    deployed_at: Long
    reason: str
    nodes: list[NodeSync]


@strawberry.type(description="One request that two versions decide differently.")
class PolicyDifference:
    request: Json
    old: Action
    new: Action


@strawberry.type(description="What changed between two versions.")
class PolicyComparison:
    old: int
    new: int
    source: list[str]
    sentences: list[str]
    equivalent: bool
    stricter: bool
    complete: bool
    differences: list[PolicyDifference]
    reason: str


@strawberry.type(description="How often a version that only watches would have decided so.")
class ShadowChange:
    was: Action
    would: Action
    decisions: Long
    examples: list[str]


@strawberry.type(description="What a version that only watches would have decided.")
class PolicyShadow:
    policy_id: strawberry.ID
    environment: Environment
    version: int | None
    changes: list[ShadowChange]


def tell_policy(view: PolicyView) -> Policy:
    """Tell a policy with one version."""
    policy, version, verification = view.policy, view.version, view.verification
    return Policy(
        id=strawberry.ID(policy.id),
        name=policy.name,
        description=policy.description,
        version=version.version,
        newest_version=policy.newest,
        status=view.status,
        stale=[] if verification is None else list(verification.stale),
        digest=version.digest,
        source=version.source,
        verification_required=policy.verification_required,
        created_at=Long(version.created_ms),
        created_by=version.created_by,
        retired_at=_when(policy.retired_ms),
        deployments=[tell_slot(it) for it in view.slots],
    )


def tell_slot(it: kept.Slot) -> PolicySlot:
    """Tell what holds in one environment."""
    return PolicySlot(
        environment=it.environment,
        version=it.stable,
        candidate=it.candidate,
        percentage=it.share * 100 / kept.WHOLE,
        shadow=it.shadow,
    )


def tell_verification(it: kept.Verification) -> PolicyVerification:
    """Tell what is known of proofs."""
    report = it.report or kept.ProofReport(proved=False)
    return PolicyVerification(
        policy_id=strawberry.ID(it.policy_id),
        version=it.version,
        status=it.state,
        run=it.run,
        stale=list(it.stale),
        current_step=it.progress.current,
        completed_steps=list(it.progress.completed),
        prover=report.prover or None,
        tactics=list(report.tactics),
        lemmas_used=list(report.lemmas),
        claims=[Json(dict(claim)) for claim in report.tree],
        failures=[
            ProofFailure(
                step=one.step,
                reason=one.reason,
                counterexample=None
                if one.counterexample is None
                else Json(dict(one.counterexample)),
            )
            for one in report.failures
        ],
        certificate=None if it.certificate is None else it.certificate.decode("utf-8"),
        requested_at=Long(it.requested_ms),
        settled_at=_when(it.settled_ms),
        expires_at=_when(it.expires_ms),
    )


def tell_deployment(it: DeploymentStatus) -> PolicyDeployment:
    """Tell a deployment."""
    deployment = it.deployment
    return PolicyDeployment(
        id=strawberry.ID(deployment.id),
        policy_id=strawberry.ID(deployment.policy_id),
        version=deployment.version,
        environment=deployment.environment,
        strategy=deployment.strategy,
        state=deployment.state,
        done=it.is_done,
        failed=it.is_failed,
        percentage=it.share * 100 / kept.WHOLE,
        verified=deployment.verified,
        by=deployment.by,
        deployed_at=Long(deployment.at_ms),
        reason=deployment.reason,
        nodes=[NodeSync(node=node, sync=sync) for node, sync in it.nodes.items()],
    )


def tell_approval(it: Approval) -> CallApproval:
    """Tell which call was approved."""
    return CallApproval(
        tool=it.tool,
        session_id=it.session,
        digest=it.digest,
        approved_by=it.by,
        expires_at=Long(it.expires_ms),
    )


def tell_diff(it: PolicyDiff) -> PolicyComparison:
    """Tell what changed between two versions."""
    found = it.comparison
    return PolicyComparison(
        old=it.old.version,
        new=it.new.version,
        source=list(it.lines),
        sentences=list(it.sentences),
        equivalent=found.equivalent,
        stricter=found.stricter,
        complete=found.complete,
        differences=[
            PolicyDifference(request=Json(dict(one.request)), old=one.old, new=one.new)
            for one in found.differences
        ],
        reason=found.reason,
    )


def tell_shadow(slot: kept.Slot, changes: Sequence[kept.ShadowChange]) -> PolicyShadow:
    """Tell what a version that only watches would have decided."""
    return PolicyShadow(
        policy_id=strawberry.ID(slot.policy_id),
        environment=slot.environment,
        version=slot.shadow,
        changes=[
            ShadowChange(
                was=it.was,
                would=it.would,
                decisions=Long(it.decisions),
                examples=list(it.examples),
            )
            for it in changes
        ],
    )


def _when(at_ms: int | None) -> Long | None:
    return Long(at_ms) if at_ms else None
