"""Policies as an installation keeps them: versions, what was proved of them, where they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.enums import Action

WHOLE = 10_000
"""A share of all sessions, in hundredths of a percent."""


class Environment(StrEnum):
    """What a node is for; a deployment reaches the nodes of one of these."""

    PRODUCTION = "production"
    STAGING = "staging"
    EDGE = "edge"


class Strategy(StrEnum):
    """How a version comes into force."""

    IMMEDIATE = "immediate"
    CANARY = "canary"
    GRADUAL = "gradual"


class VerificationState(StrEnum):
    """How far the proofs of a version are."""

    PENDING = "pending"
    PROVING = "proving"
    VERIFIED = "verified"
    FAILED = "failed"

    @property
    def settled(self) -> bool:
        """Whether nothing more will come by itself."""
        return self in {VerificationState.VERIFIED, VerificationState.FAILED}


class DeploymentState(StrEnum):
    """What became of a deployment."""

    ROLLING_OUT = "rolling_out"
    LIVE = "live"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy, whatever its versions say."""

    id: str
    tenant: str
    name: str
    description: str
    verification_required: bool
    newest: int
    """The number of its newest version, counted from 1."""
    created_ms: int
    created_by: str
    retired_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version: its source, and the closed form that decides and that is proved."""

    policy_id: str
    version: int
    source: str
    image: bytes = field(repr=False)
    digest: str
    """SHA-256 of the image."""
    properties: bytes = field(repr=False)
    """The claims about it, as canonical JSON."""
    created_ms: int
    created_by: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a proof is."""

    current: str = ""
    completed: tuple[str, ...] = ()
    total: int = 0
    remaining_ms: int = 0


@dataclass(frozen=True, slots=True)
class ProofFailure:
    """One claim that does not hold, or was not shown to; the counterexample is JSON."""

    step: str
    reason: str
    counterexample: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ProofReport:
    """What came out of proving the claims about one version."""

    proved: bool
    prover: str = ""
    """Who found the proofs."""
    tactics: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    tree: tuple[Mapping[str, object], ...] = ()
    """One entry for each claim: what it says, how it was settled, by which theorems."""
    failures: tuple[ProofFailure, ...] = ()
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """What is known of the proofs of one version."""

    policy_id: str
    version: int
    tenant: str
    state: VerificationState
    run: int
    """Counts how often it was proved anew."""
    requested_ms: int
    job_id: str = ""
    basis: str = ""
    """Names what the proofs rest on: image, claims, theory, checker, knowledge."""
    stale: tuple[str, ...] = ()
    """Why what was proved once is not taken for proved any more."""
    progress: Progress = Progress()
    report: ProofReport | None = None
    certificate: bytes | None = field(default=None, repr=False)
    settled_ms: int = 0
    expires_ms: int = 0

    def is_verified(self, now_ms: int) -> bool:
        """Whether its proofs hold now."""
        if self.state is not VerificationState.VERIFIED or self.stale:
            return False
        return self.certificate is not None and now_ms < self.expires_ms


@dataclass(frozen=True, slots=True)
class Slot:
    """What holds of one policy in one environment. `revision` grows with every change."""

    tenant: str
    policy_id: str
    environment: Environment
    revision: int = 0
    stable: int | None = None
    stable_deployment: str = ""
    candidate: int | None = None
    candidate_deployment: str = ""
    strategy: Strategy = Strategy.IMMEDIATE
    share: int = 0
    """Which part of sessions gets the candidate, of `WHOLE`."""
    stage_ms: int = 0
    """Since when it is this part."""
    shadow: int | None = None
    shadow_ms: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One decision of a person to bring a version into force, and what became of it."""

    id: str
    tenant: str
    policy_id: str
    version: int
    environment: Environment
    strategy: Strategy
    share: int
    """With which part it began."""
    state: DeploymentState
    by: str
    at_ms: int
    verified: bool
    """Whether it was proved when it was deployed."""
    generation: int
    """Nodes that have this generation have it."""
    settled_ms: int = 0
    reason: str = ""
    """Why it holds no more."""
    before: int | None = None
    """The version that held before it."""


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What one process that serves has in force."""

    node: str
    pid: int
    environment: Environment
    generation: int
    loaded: str
    """Names all images that it decides by."""
    at_ms: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a roll-out: sessions with the new version, or with what was there before."""

    deployment_id: str
    new: bool


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """What one side of a roll-out has seen."""

    decisions: int = 0
    blocked: int = 0
    failed: int = 0
    durations: Mapping[int, int] = field(default_factory=dict)
    """Decisions by the bucket of their duration."""


@dataclass(frozen=True, slots=True)
class ShadowChange:
    """How often a version that only watches would have decided otherwise."""

    was: Action
    would: Action
    decisions: int
    examples: tuple[str, ...] = ()
    """Ids of some of these requests, the newest last."""


@dataclass(frozen=True, slots=True)
class Book:
    """All that is to be in force in one environment."""

    generation: int
    slots: tuple[Slot, ...] = ()
    versions: tuple[PolicyVersion, ...] = ()
    """Those that a slot names."""
