"""What our tools take and answer, as it travels. Names and defaults follow the contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

ActionName = Literal["allow", "flag", "redact", "review", "block"]
SeverityName = Literal["low", "medium", "high", "critical"]
OriginName = Literal["system", "user", "assistant", "tool", "retrieval", "memory"]
DetectorName = Literal["neuro-symbolic", "multimodal", "temporal"]
CheckName = Literal["canary", "prompt", "refusal", "language", "support", "repetition"]


class Wire(BaseModel):
    """Something that travels: fields are spelled as JSON has them, unknown ones are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid"
    )


class DetectOptions(Wire):
    """What a client asks of one inspection."""

    detectors: Annotated[list[DetectorName], Field(max_length=16)] = []
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    explainability: bool = False


class AnswerChecks(Wire):
    """What is looked at in an answer beside what it says."""

    refusal: bool = False
    language: str | None = None
    support: bool = False
    repetition: bool = False
    flag: Annotated[list[CheckName], Field(max_length=16)] = []


class WireSpan(Wire):
    """Code points of the inspected text, from start to before end."""

    start: int
    end: int


class WireFinding(Wire):
    """One piece of evidence."""

    category: str
    span: WireSpan
    score: float
    severity: SeverityName
    rule_id: str
    explanation: str
    chain: list[str]
    taxonomy: list[str]
    mention: bool
    entity: str | None


class WireThreat(Wire):
    """What was found."""

    detected: bool
    confidence: float
    category: str
    severity: SeverityName
    attack_vector: list[str]
    findings: list[WireFinding]


class WireDegraded(Wire):
    """A check that did not run to its end, and why."""

    check: str
    reason: str


class WireExplanation(Wire):
    """Why, in words and numbers."""

    reasoning: str
    features: dict[str, float]
    alternatives: list[str]


class Detected(Wire):
    """The decision on one text. `detectionTime` is in milliseconds."""

    request_id: str
    detection_time: float
    verdict: Literal["attack", "benign"]
    action: ActionName
    enforced: bool
    threat: WireThreat
    tiers: list[int]
    truncated: bool
    degraded: list[WireDegraded]
    policy_version: str
    explanation: WireExplanation | None = None


class WireRemark(Wire):
    """Something that a check of an answer noticed."""

    check: CheckName
    span: WireSpan
    score: float
    explanation: str
    flags: bool


class Answered(Detected):
    """The decision on an answer, and what the checks noticed."""

    remarks: list[WireRemark]
    refused: bool | None
    language: str | None
    prompt_leak: float | None
    support: float | None


class WireToolFinding(Wire):
    """One thing wrong with a tool; `pointer` leads to it in what was handed in."""

    rule_id: str
    action: ActionName
    category: str
    severity: SeverityName
    score: float
    explanation: str
    server: str
    tool: str
    pointer: str
    span: WireSpan | None
    taxonomy: list[str]


class WireTool(Wire):
    """What is known of one tool."""

    name: str
    server: str
    sha256: str
    capabilities: list[str]


class ScannedTools(Wire):
    """The ruling on tool definitions."""

    request_id: str
    action: ActionName
    enforced: bool
    findings: list[WireToolFinding]
    tools: list[WireTool]
    degraded: list[WireDegraded]
    policy_version: str


class WireChange(Wire):
    """One stretch that was changed: where it stood, where it stands now, and why."""

    original: WireSpan
    result: WireSpan
    kind: str
    reason: str
    entity: str | None


class Redacted(Wire):
    """What a text has become, and every change. Without `degraded` all of it was looked at."""

    request_id: str
    text: str
    changes: list[WireChange]
    complete: bool
    degraded: list[WireDegraded]


class Noted(Wire):
    """A word about a decision, as it is kept."""

    feedback_id: str
    request_id: str
    truth: Literal["attack", "benign"]
    outcome: Literal["TP", "FP", "TN", "FN"]
    new: bool


class PolicyRule(Wire):
    """A rule of a policy."""

    id: Annotated[str, Field(description="Its name.", min_length=1, max_length=100)]
    condition: Annotated[
        str,
        Field(
            description="When it applies, in plain English or in the language of policies.",
            min_length=1,
            max_length=4000,
        ),
    ]
    action: ActionName
    priority: Annotated[int, Field(ge=0, le=1_000_000)] = 100


class ProofStatus(Wire):
    """Whether all claims about a policy are proved, and by whom."""

    proved: bool
    prover: str | None
    proof_time: int
    certificate: str | None


class PolicyMade(Wire):
    """A policy as it is kept. `sentences` say in plain words what it says."""

    policy_id: str
    status: Literal["pending_verification", "verified", "failed"]
    lean_specification: str
    proof_status: ProofStatus
    deployment_status: Literal["not_deployed", "deploying", "deployed"]
    version: int
    source: str
    sentences: list[str]
