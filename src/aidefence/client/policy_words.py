"""What a gateway tells of policies, as it is handed to callers. Times are Unix milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from aidefence.client.words import read_with
from aidefence.domain.enums import Action
from aidefence.domain.policy_store import (
    DeploymentState,
    Environment,
    Strategy,
    VerificationState,
)

PolicyStatus = Literal["pending_verification", "verified", "failed"]
_Told = TypeVar("_Told")


class PolicyProof(Struct, frozen=True, rename="camel"):
    """Whether all claims are proved, by whom, in how many milliseconds."""

    proved: bool
    prover: str | None
    proof_time: int
    certificate: str | None


class PolicySlot(Struct, frozen=True, rename="camel"):
    """What holds in one environment: `candidate` for its `percentage` of sessions, else `version`.

    `shadow` only watches.
    """

    environment: Environment
    version: int | None
    deployment_id: str | None
    candidate: int | None
    candidate_deployment_id: str | None
    strategy: Strategy | None
    percentage: float
    shadow: int | None


class PolicySummary(Struct, frozen=True, rename="camel"):
    """A policy in a list, or one of its versions."""

    policy_id: str
    name: str
    version: int
    status: PolicyStatus
    deployment_status: Literal["not_deployed", "deploying", "deployed"]
    digest: str
    verification_required: bool
    created_at: int
    created_by: str
    retired_at: int | None
    stale: tuple[str, ...]


class Policy(Struct, frozen=True, rename="camel"):
    """A policy with one version. `stale` says why what was proved does not count any more."""

    policy_id: str
    name: str
    description: str
    version: int
    newest_version: int
    status: PolicyStatus
    source: str
    digest: str
    lean_specification: str
    proof_status: PolicyProof
    deployment_status: Literal["not_deployed", "deploying", "deployed"]
    deployments: tuple[PolicySlot, ...]
    verification_required: bool
    created_at: int
    created_by: str
    retired_at: int | None
    stale: tuple[str, ...]


class PolicyProgress(Struct, frozen=True, rename="camel"):
    """How far the proofs are; `estimated_time_remaining` is in milliseconds."""

    current_step: str
    completed_steps: tuple[str, ...]
    estimated_time_remaining: int


class PolicyProofTree(Struct, frozen=True, rename="camel"):
    """Every claim: what it says, how it was settled, by which theorem."""

    claims: tuple[dict[str, Any], ...]


class PolicyProofDetails(Struct, frozen=True, rename="camel"):
    """How the proofs were found and what they rest on."""

    prover: str | None
    tactics: tuple[str, ...]
    lemmas_used: tuple[str, ...]
    proof_tree: PolicyProofTree


class PolicyFailure(Struct, frozen=True, rename="camel"):
    """A claim that does not hold, or was not proved."""

    step: str
    reason: str
    counterexample: dict[str, Any] | None


class PolicyVerification(Struct, frozen=True, rename="camel"):
    """What is known of the proofs of one version."""

    policy_id: str
    version: int
    status: VerificationState
    run: int
    progress: PolicyProgress
    proof_details: PolicyProofDetails
    failures: tuple[PolicyFailure, ...]
    stale: tuple[str, ...]
    requested_at: int
    settled_at: int | None
    expires_at: int | None


class PolicyDifference(Struct, frozen=True, rename="camel"):
    """One request that two versions decide differently."""

    request: dict[str, Any]
    old: Action
    new: Action


class PolicyDiff(Struct, frozen=True, rename="camel"):
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
    differences: tuple[PolicyDifference, ...]
    reason: str


class PolicyDeployment(Struct, frozen=True, rename="camel"):
    """A deployment, and how far the nodes that it is for are.

    `reason` says why it holds no more, `verified` whether all claims were proved when it began.
    """

    deployment_id: str
    policy_id: str
    version: int
    environment: Environment
    strategy: Strategy
    percentage: float
    status: Literal["deploying", "deployed", "failed"]
    state: DeploymentState
    verified: bool
    target_nodes: tuple[str, ...]
    sync_status: dict[str, Literal["synced", "syncing", "failed"]]
    by: str
    deployed_at: int
    reason: str


class PolicyRollback(Struct, frozen=True, rename="camel"):
    """What holds after a deployment was undone; a version of none is nothing."""

    policy_id: str
    environment: Environment
    version: int | None


class CallApproval(Struct, frozen=True, rename="camel"):
    """A call that may be made once until `expires_at`; `digest` names tool and arguments."""

    tool: str
    session_id: str
    digest: str
    approved_by: str
    expires_at: int


class PolicyShadowChange(Struct, frozen=True, rename="camel"):
    """How often a version that only watches would have decided so; `examples` are requests."""

    was: Action
    would: Action
    decisions: int
    examples: tuple[str, ...]


class PolicyShadow(Struct, frozen=True, rename="camel"):
    """What a version that only watches would have decided."""

    policy_id: str
    environment: Environment
    version: int | None
    since: int | None
    decisions: int
    changed: int
    changes: tuple[PolicyShadowChange, ...]


class PolicyRuleCount(Struct, frozen=True, rename="camel"):
    """How often a rule would have led."""

    rule: str
    decisions: int


class PolicyUnjudged(Struct, frozen=True, rename="camel"):
    """A rule that could not be judged, and what it asks for that is not remembered."""

    rule: str
    asks: tuple[str, ...]


class PolicyPast(Struct, frozen=True, rename="camel"):
    """What a version would have decided about past requests."""

    policy_id: str
    version: int
    since: int | None
    decisions: int
    skipped: int
    changed: int
    changes: tuple[PolicyShadowChange, ...]
    rules: tuple[PolicyRuleCount, ...]
    unjudged: tuple[PolicyUnjudged, ...]


class _Policies(Struct):
    policies: tuple[PolicySummary, ...]


class _Versions(Struct):
    versions: tuple[PolicySummary, ...]


class _Deployments(Struct):
    deployments: tuple[PolicyDeployment, ...]


def reader(kind: type[_Told]) -> Callable[[bytes], _Told]:
    """Give what reads answers of one kind."""
    decode = msgspec.json.Decoder(kind).decode
    return lambda body: read_with(decode, body, lambda it: it)


read_policy = reader(Policy)
read_approval = reader(CallApproval)
read_verification = reader(PolicyVerification)
read_diff = reader(PolicyDiff)
read_deployment = reader(PolicyDeployment)
read_rollback = reader(PolicyRollback)
read_shadow = reader(PolicyShadow)
read_past = reader(PolicyPast)
_read_policies = reader(_Policies)
_read_versions = reader(_Versions)
_read_deployments = reader(_Deployments)


def read_policies(body: bytes) -> tuple[PolicySummary, ...]:
    """Read a list of policies."""
    return _read_policies(body).policies


def read_versions(body: bytes) -> tuple[PolicySummary, ...]:
    """Read a list of versions."""
    return _read_versions(body).versions


def read_deployments(body: bytes) -> tuple[PolicyDeployment, ...]:
    """Read a list of deployments."""
    return _read_deployments(body).deployments


def read_nothing(body: bytes) -> None:
    """Read the answer to what is merely done."""
    del body
