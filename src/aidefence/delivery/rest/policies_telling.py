"""From what is kept of policies to what travels."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.delivery.rest.policies_wire import (
    DeploymentStatusName,
    PolicySummary,
    ProofDetails,
    ProofStatus,
    ProofTree,
    VerificationProgress,
    WireDeployment,
    WireDiff,
    WireDifference,
    WireFailure,
    WirePast,
    WirePolicy,
    WireRuleCount,
    WireShadow,
    WireShadowChange,
    WireSlot,
    WireUnjudged,
    WireVerification,
)
from aidefence.domain.policy_store import (
    WHOLE,
    ProofReport,
    ShadowChange,
    Slot,
    Verification,
)
from aidefence.service.past_shadow import PastShadow
from aidefence.service.policies import PolicyDiff, PolicyStatus, PolicyView
from aidefence.service.rollouts import DeploymentStatus

_NOTHING = ProofReport(proved=False)


def tell_policy(view: PolicyView, lean: str) -> WirePolicy:
    """Tell a policy with one version; `lean` is what is proved about, in words of Lean."""
    policy, version, verification = view.policy, view.version, view.verification
    return WirePolicy(
        policy_id=policy.id,
        status=view.status.value,
        lean_specification=lean,
        proof_status=_proof_status(view),
        deployment_status=_deployment_status(view.slots),
        name=policy.name,
        description=policy.description,
        version=version.version,
        newest_version=policy.newest,
        digest=version.digest,
        source=version.source,
        verification_required=policy.verification_required,
        created_at=version.created_ms,
        created_by=version.created_by,
        retired_at=policy.retired_ms,
        stale=() if verification is None else verification.stale,
        deployments=tuple(_slot(it) for it in view.slots if not _is_empty(it)),
    )


def tell_summary(view: PolicyView) -> PolicySummary:
    """Tell a policy in a list."""
    return PolicySummary(
        policy_id=view.policy.id,
        name=view.policy.name,
        version=view.version.version,
        status=view.status.value,
        deployment_status=_deployment_status(view.slots),
        digest=view.version.digest,
        verification_required=view.policy.verification_required,
        created_at=view.version.created_ms,
        created_by=view.version.created_by,
        retired_at=view.policy.retired_ms,
        stale=() if view.verification is None else view.verification.stale,
    )


def tell_verification(it: Verification) -> WireVerification:
    """Tell what is known of proofs."""
    report = it.report or _NOTHING
    return WireVerification(
        policy_id=it.policy_id,
        status=it.state.value,
        progress=VerificationProgress(
            it.progress.current, it.progress.completed, it.progress.remaining_ms
        ),
        proof_details=ProofDetails(
            prover=report.prover or None,
            tactics=report.tactics,
            lemmas_used=report.lemmas,
            proof_tree=ProofTree(tuple(dict(claim) for claim in report.tree)),
        ),
        failures=tuple(
            WireFailure(
                one.step,
                one.reason,
                None if one.counterexample is None else dict(one.counterexample),
            )
            for one in report.failures
        ),
        version=it.version,
        run=it.run,
        stale=it.stale,
        requested_at=it.requested_ms,
        settled_at=it.settled_ms or None,
        expires_at=it.expires_ms or None,
    )


def tell_deployment(it: DeploymentStatus) -> WireDeployment:
    """Tell a deployment."""
    deployment = it.deployment
    status = "failed" if it.is_failed else "deployed" if it.is_done else "deploying"
    return WireDeployment(
        deployment_id=deployment.id,
        status=status,  # type: ignore[arg-type]  # one of the three above
        target_nodes=tuple(it.nodes),
        sync_status={node: sync.value for node, sync in it.nodes.items()},
        policy_id=deployment.policy_id,
        version=deployment.version,
        environment=deployment.environment.value,
        strategy=deployment.strategy.value,
        percentage=it.share * 100 / WHOLE,
        state=deployment.state.value,
        verified=deployment.verified,
        by=deployment.by,
        deployed_at=deployment.at_ms,
        reason=deployment.reason,
    )


def tell_diff(it: PolicyDiff) -> WireDiff:
    """Tell what changed between two versions."""
    found = it.comparison
    return WireDiff(
        policy_id=it.new.policy_id,
        old=it.old.version,
        new=it.new.version,
        source=it.lines,
        sentences=it.sentences,
        equivalent=found.equivalent,
        stricter=found.stricter,
        complete=found.complete,
        differences=tuple(
            WireDifference(dict(one.request), one.old.value, one.new.value)
            for one in found.differences
        ),
        reason=found.reason,
    )


def tell_shadow(slot: Slot, changes: Sequence[ShadowChange]) -> WireShadow:
    """Tell what a version that only watches would have decided."""
    return WireShadow(
        policy_id=slot.policy_id,
        environment=slot.environment.value,
        version=slot.shadow,
        since=None if slot.shadow is None else slot.shadow_ms,
        decisions=sum(it.decisions for it in changes),
        changed=sum(it.decisions for it in changes if it.was is not it.would),
        changes=tuple(
            WireShadowChange(it.was.value, it.would.value, it.decisions, it.examples)
            for it in changes
        ),
    )


def tell_past(found: PastShadow) -> WirePast:
    """Tell what a version would have decided about past requests."""
    return WirePast(
        policy_id=found.version.policy_id,
        version=found.version.version,
        since=found.since_ms,
        decisions=found.episodes,
        skipped=found.skipped,
        changed=sum(it.decisions for it in found.changes if it.was is not it.would),
        changes=tuple(
            WireShadowChange(it.was.value, it.would.value, it.decisions, it.examples)
            for it in found.changes
        ),
        rules=tuple(WireRuleCount(*it) for it in found.rules),
        unjudged=tuple(WireUnjudged(it.rule, it.asks) for it in found.unjudged),
    )


def _proof_status(view: PolicyView) -> ProofStatus:
    verification = view.verification
    report = _NOTHING if verification is None else verification.report or _NOTHING
    proved = view.status is PolicyStatus.VERIFIED
    certificate = verification.certificate if proved and verification is not None else None
    return ProofStatus(
        proved=proved,
        prover=report.prover or None,
        proof_time=report.elapsed_ms,
        certificate=None if certificate is None else certificate.decode("utf-8"),
    )


def _deployment_status(slots: Sequence[Slot]) -> DeploymentStatusName:
    if any(it.candidate is not None for it in slots):
        return "deploying"
    return "deployed" if any(it.stable is not None for it in slots) else "not_deployed"


def _slot(it: Slot) -> WireSlot:
    rolling = it.candidate is not None
    return WireSlot(
        environment=it.environment.value,
        version=it.stable,
        deployment_id=it.stable_deployment or None,
        candidate=it.candidate,
        candidate_deployment_id=it.candidate_deployment or None,
        strategy=it.strategy.value if rolling else None,
        percentage=it.share * 100 / WHOLE,
        shadow=it.shadow,
    )


def _is_empty(it: Slot) -> bool:
    return it.stable is None and it.candidate is None and it.shadow is None
