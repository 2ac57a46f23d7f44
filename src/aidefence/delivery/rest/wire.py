"""Requests and responses of API v2 as they travel. Names and defaults follow the contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

ContentType = Literal["text", "image", "audio", "video"]
ActionName = Literal["allow", "flag", "redact", "review", "block"]
DetectorName = Literal["neuro-symbolic", "multimodal", "temporal"]
SeverityName = Literal["low", "medium", "high", "critical"]


class Context(Struct, forbid_unknown_fields=True, rename="camel"):
    """Who asks, from where. Nothing of it is inspected."""

    user_id: str | None = None
    session_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    timestamp: float | None = None
    metadata: dict[str, Any] | None = None


class Options(Struct, forbid_unknown_fields=True, rename="camel"):
    """What a client asks for."""

    detectors: Annotated[list[DetectorName], Meta(max_length=16)] = []
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    explainability: bool = False
    asynchronous: bool = field(default=False, name="async")
    causal_analysis: bool = False
    priority: Literal["critical", "high", "medium", "low"] = "medium"
    actions: Literal["core", "full"] = "full"


class DetectRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A text, an object with one, or the messages of a conversation."""

    content: str | list[Any] | dict[str, Any]
    content_type: ContentType = "text"
    context: Context | None = None
    options: Options | None = None


class BatchItem(DetectRequest, forbid_unknown_fields=True, rename="camel"):
    """One request of a batch, with the client's own name for it."""

    id: Annotated[str, Meta(max_length=256)] | None = None


class BatchOptions(Struct, forbid_unknown_fields=True, rename="camel"):
    """How a batch is worked through."""

    max_parallelism: Annotated[int, Meta(ge=1, le=1024)] = 10
    aggregate_results: bool = False


class BatchRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Many requests at once."""

    requests: Annotated[list[BatchItem], Meta(min_length=1)]
    batch_options: BatchOptions | None = None


class WireSpan(Struct, frozen=True, gc=False):
    """Code points in the inspected content, half-open."""

    start: int
    end: int


class WireTaxonomy(Struct, frozen=True, gc=False, rename="camel"):
    """Numbers in public catalogues."""

    owasp_llm: tuple[str, ...]
    owasp_agentic: tuple[str, ...]
    atlas: tuple[str, ...]
    cwe: tuple[str, ...]


class WireAllowed(Struct, frozen=True, gc=False, rename="camel"):
    """A finding that an allow list took out; `ruleId` is empty for a whole text."""

    entry: str
    rule_id: str
    span: WireSpan
    content: int


class WireFinding(Struct, frozen=True, gc=False, rename="camel"):
    """One piece of evidence; `content` says in which message or part.

    `entity` names the kind of private data or secret, such as `iban`.
    """

    category: str
    span: WireSpan
    score: float
    severity: SeverityName
    rule_id: str
    explanation: str
    chain: tuple[str, ...]
    taxonomy: WireTaxonomy
    mention: bool
    content: int
    entity: str | None


class Threat(Struct, frozen=True, gc=False, rename="camel"):
    """What was found."""

    detected: bool
    confidence: float
    category: str
    severity: SeverityName
    attack_vector: tuple[str, ...]
    findings: tuple[WireFinding, ...]


class Explanation(Struct, frozen=True, gc=False, rename="camel"):
    """Why, in words and numbers."""

    reasoning: str
    features: dict[str, float]
    alternatives: tuple[str, ...]


class WireTiming(Struct, frozen=True, gc=False, rename="camel"):
    """How long one step took."""

    step: str
    microseconds: float


class WireDegraded(Struct, frozen=True, gc=False, rename="camel"):
    """A check that did not run, and why."""

    check: str
    reason: str


class Metadata(Struct, frozen=True, gc=False, rename="camel"):
    """Which knowledge and which node spoke."""

    detector_versions: dict[str, str]
    policy_version: str
    edge_node: str


class DetectResponse(Struct, frozen=True, gc=False, rename="camel"):
    """The answer to one request. `detectionTime` is in milliseconds."""

    request_id: str
    detection_time: float
    threat: Threat
    verdict: Literal["attack", "benign"]
    action: ActionName
    enforced: bool
    tiers: tuple[int, ...]
    timings: tuple[WireTiming, ...]
    truncated: bool
    degraded: tuple[WireDegraded, ...]
    metadata: Metadata
    explanation: Explanation | UnsetType = UNSET
    allowed_by: tuple[WireAllowed, ...] | UnsetType = UNSET


class Aggregates(Struct, frozen=True, gc=False, rename="camel"):
    """Sums over a batch; `processingTime` is in milliseconds."""

    total_threats: int
    threats_by_category: dict[str, int]
    average_confidence: float
    processing_time: float


class BatchResponse(Struct, frozen=True, gc=False, rename="camel"):
    """The answers to a batch, in the order of its requests."""

    batch_id: str
    total_requests: int
    processed_requests: int
    results: tuple[DetectResponse, ...]
    aggregates: Aggregates | UnsetType = UNSET
