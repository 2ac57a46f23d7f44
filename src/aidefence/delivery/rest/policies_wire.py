"""Policies as they travel: names and defaults follow the contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from aidefence.delivery.rest.wire import ActionName
from aidefence.service.past_shadow import EPISODES, EPISODES_MAX

EnvironmentName = Literal["production", "staging", "edge"]
StrategyName = Literal["immediate", "canary", "gradual"]
StatusName = Literal["pending_verification", "verified", "failed"]
VerificationName = Literal["pending", "proving", "verified", "failed"]
DeploymentStatusName = Literal["not_deployed", "deploying", "deployed"]
SyncName = Literal["synced", "syncing", "failed"]


class PolicyRule(Struct, forbid_unknown_fields=True, rename="camel"):
    """A rule: `condition` in natural language, or in the language of policies."""

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    condition: Annotated[str, Meta(min_length=1, max_length=4000)]
    action: ActionName
    priority: Annotated[int, Meta(ge=0, le=1_000_000)]


class PolicyRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A new policy: `rules`, or a `source` in the language of policies in their place.

    One with `verificationRequired` is deployed only once all its claims are proved.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Annotated[str, Meta(max_length=4000)] = ""
    rules: Annotated[list[PolicyRule], Meta(max_length=4000)] = []
    source: Annotated[str, Meta(max_length=1 << 20)] | None = None
    verification_required: bool = True


class VersionRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A new version of a policy: `rules`, or a `source` in the language of policies."""

    rules: Annotated[list[PolicyRule], Meta(max_length=4000)] = []
    source: Annotated[str, Meta(max_length=1 << 20)] | None = None


class DeployRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Where and how a version comes into force; by default the newest, at once.

    `rolloutPercentage` is the part of sessions that `canary` and `gradual` begin with.
    """

    target_environment: EnvironmentName = "production"
    rollout_strategy: StrategyName = "immediate"
    rollout_percentage: Annotated[float, Meta(gt=0, le=100)] | None = None
    version: Annotated[int, Meta(ge=1)] | None = None


class RollbackRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Where the last deployment is undone, and why."""

    target_environment: EnvironmentName = "production"
    reason: Annotated[str, Meta(max_length=500)] = ""


class ShadowRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which version watches where; by default the newest."""

    target_environment: EnvironmentName = "production"
    version: Annotated[int, Meta(ge=1)] | None = None


class PastRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which version is asked about how many of the last episodes; by default the newest."""

    version: Annotated[int, Meta(ge=1)] | None = None
    last: Annotated[int, Meta(ge=1, le=EPISODES_MAX)] = EPISODES


class PoliciesQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Whether those that are retired are told, too."""

    retired: bool = False


class VersionQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which version; by default the newest."""

    version: Annotated[int, Meta(ge=1)] | None = None


class DiffQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which versions; by default the newest and the one before it."""

    old: Annotated[int, Meta(ge=1)] | None = None
    new: Annotated[int, Meta(ge=1)] | None = None


class EnvironmentQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Where."""

    target_environment: EnvironmentName = "production"


class DeploymentsQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """How many, the newest first."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ProofStatus(Struct, frozen=True, rename="camel"):
    """Whether all claims are proved, by whom, in how many milliseconds.

    `prover` is `aidefence` where our own search found the proofs; `certificate` is JSON.
    """

    proved: bool
    prover: str | None
    proof_time: int
    certificate: str | None


class WireSlot(Struct, frozen=True, rename="camel"):
    """What holds in one environment: `candidate` for its `percentage` of sessions, else `version`.

    `shadow` only watches.
    """

    environment: EnvironmentName
    version: int | None
    deployment_id: str | None
    candidate: int | None
    candidate_deployment_id: str | None
    strategy: StrategyName | None
    percentage: float
    shadow: int | None


class WirePolicy(Struct, frozen=True, rename="camel"):
    """A policy with one version. `digest` names its closed form. Times are Unix milliseconds.

    `stale` says why what was proved once does not count as proved any more.
    """

    policy_id: str
    status: StatusName
    lean_specification: str
    proof_status: ProofStatus
    deployment_status: DeploymentStatusName
    name: str
    description: str
    version: int
    newest_version: int
    digest: str
    source: str
    verification_required: bool
    created_at: int
    created_by: str
    retired_at: int | None
    stale: tuple[str, ...]
    deployments: tuple[WireSlot, ...]


class PolicySummary(Struct, frozen=True, rename="camel"):
    """A policy in a list, or one of its versions."""

    policy_id: str
    name: str
    version: int
    status: StatusName
    deployment_status: DeploymentStatusName
    digest: str
    verification_required: bool
    created_at: int
    created_by: str
    retired_at: int | None
    stale: tuple[str, ...]


class PolicyList(Struct, frozen=True, rename="camel"):
    """Policies, the newest first."""

    policies: tuple[PolicySummary, ...]


class VersionList(Struct, frozen=True, rename="camel"):
    """Versions of a policy, the newest first."""

    versions: tuple[PolicySummary, ...]


class VerificationProgress(Struct, frozen=True, rename="camel"):
    """How far the proofs are; `estimatedTimeRemaining` is in milliseconds."""

    current_step: str
    completed_steps: tuple[str, ...]
    estimated_time_remaining: int


class ProofTree(Struct, frozen=True, rename="camel"):
    """Every claim: what it says, how it was settled, by which theorem."""

    claims: tuple[dict[str, Any], ...]


class ProofDetails(Struct, frozen=True, rename="camel"):
    """How the proofs were found and what they rest on."""

    prover: str | None
    tactics: tuple[str, ...]
    lemmas_used: tuple[str, ...]
    proof_tree: ProofTree


class WireFailure(Struct, frozen=True, rename="camel"):
    """A claim that does not hold, or was not proved; `counterexample` shows it where it is known.

    What it tells was replayed by the evaluator that decides real requests.
    """

    step: str
    reason: str
    counterexample: dict[str, Any] | None


class WireVerification(Struct, frozen=True, rename="camel"):
    """What is known of the proofs of one version. Times are Unix milliseconds."""

    policy_id: str
    status: VerificationName
    progress: VerificationProgress
    proof_details: ProofDetails
    failures: tuple[WireFailure, ...]
    version: int
    run: int
    stale: tuple[str, ...]
    requested_at: int
    settled_at: int | None
    expires_at: int | None


class WireDeployment(Struct, frozen=True, rename="camel"):
    """A deployment, and how far the nodes that it is for are. Times are Unix milliseconds.

    `reason` says why it holds no more, `verified` whether all claims were proved when it began.
    """

    deployment_id: str
    status: Literal["deploying", "deployed", "failed"]
    target_nodes: tuple[str, ...]
    sync_status: dict[str, SyncName]
    policy_id: str
    version: int
    environment: EnvironmentName
    strategy: StrategyName
    percentage: float
    state: Literal["rolling_out", "live", "replaced", "rolled_back", "withdrawn"]
    verified: bool
    by: str
    deployed_at: int
    reason: str


class DeploymentList(Struct, frozen=True, rename="camel"):
    """Deployments of a policy, the newest first."""

    deployments: tuple[WireDeployment, ...]


class WireRollback(Struct, frozen=True, rename="camel"):
    """What holds after a deployment was undone."""

    policy_id: str
    environment: EnvironmentName
    version: int | None


class WireDifference(Struct, frozen=True, rename="camel"):
    """One request that two versions decide differently."""

    request: dict[str, Any]
    old: ActionName
    new: ActionName


class WireParaphrase(Struct, frozen=True, rename="camel"):
    """What a version says, in plain sentences made from its source."""

    policy_id: str
    version: int
    sentences: tuple[str, ...]


class WireDiff(Struct, frozen=True, rename="camel"):
    """What changed between two versions: in the source, in plain words, in what is decided.

    `stricter` says that the new one allows nothing that the old one did not; `complete` that the
    search for differences left nothing out, and `reason` why it did.
    """

    policy_id: str
    old: int
    new: int
    source: tuple[str, ...]
    sentences: tuple[str, ...]
    equivalent: bool
    stricter: bool
    complete: bool
    differences: tuple[WireDifference, ...]
    reason: str


class WireShadowChange(Struct, frozen=True, rename="camel"):
    """How often a version that only watches would have decided otherwise, or the same."""

    was: ActionName
    would: ActionName
    decisions: int
    examples: tuple[str, ...]


class WireShadow(Struct, frozen=True, rename="camel"):
    """What a version that only watches would have decided; `examples` are ids of requests."""

    policy_id: str
    environment: EnvironmentName
    version: int | None
    since: int | None
    decisions: int
    changed: int
    changes: tuple[WireShadowChange, ...]


class WireRuleCount(Struct, frozen=True, rename="camel"):
    """How often a rule would have led; it stands behind the name of its policy."""

    rule: str
    decisions: int


class WireUnjudged(Struct, frozen=True, rename="camel"):
    """A rule that could not be judged, and what it asks for that episodes do not hold."""

    rule: str
    asks: tuple[str, ...]


class WirePast(Struct, frozen=True, rename="camel"):
    """What a version would have decided about past requests, from `since` on.

    `skipped` were decided by policies, and what the profile alone said is not kept of them.
    """

    policy_id: str
    version: int
    since: int | None
    decisions: int
    skipped: int
    changed: int
    changes: tuple[WireShadowChange, ...]
    rules: tuple[WireRuleCount, ...]
    unjudged: tuple[WireUnjudged, ...]
