"""Requests and responses of API v2 as they travel. Names and defaults follow the contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from aidefence.delivery.http.problems import Problem
from aidefence.domain.asking import FACT_NAME_MAX, FACT_VALUE_MAX, FACTS_MAX

ContentType = Literal["text", "image", "audio", "video"]
ActionName = Literal["allow", "flag", "redact", "review", "block"]
DetectorName = Literal["neuro-symbolic", "multimodal", "temporal"]
OriginName = Literal["system", "user", "assistant", "tool", "retrieval", "memory"]
AnswerCheckName = Literal["canary", "prompt", "refusal", "language", "support", "repetition"]
SeverityName = Literal["low", "medium", "high", "critical"]


FactName = Annotated[str, Meta(min_length=1, max_length=FACT_NAME_MAX)]
FactValue = Annotated[str, Meta(max_length=FACT_VALUE_MAX)] | int | float | bool


class Context(Struct, forbid_unknown_fields=True, rename="camel"):
    """Who asks, from where. Nothing of it is inspected."""

    user_id: str | None = None
    session_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    timestamp: float | None = None
    metadata: dict[str, Any] | None = None
    facts: Annotated[dict[FactName, FactValue], Meta(max_length=FACTS_MAX)] = {}
    """What policies in force may ask about by these names, as `fact("NAME")`."""


class Options(Struct, forbid_unknown_fields=True, rename="camel"):
    """What a client asks for. With `async` the answer comes later, also to a `webhook`."""

    detectors: Annotated[list[DetectorName], Meta(max_length=16)] = []
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None
    explainability: bool = False
    asynchronous: bool = field(default=False, name="async")
    webhook: Annotated[str, Meta(max_length=2048)] | None = None
    causal_analysis: bool = False
    priority: Literal["critical", "high", "medium", "low"] = "medium"
    actions: Literal["core", "full"] = "full"


class AnswerTo(Struct, forbid_unknown_fields=True, rename="camel"):
    """What an answer of a model is held against, and what is looked at beside what it says.

    `language` is a code or `question`. What a check notices informs; `flag` names those that flag.
    """

    question: str | None = None
    system: str | None = None
    context: Annotated[list[str], Meta(max_length=1000)] = []
    canaries: Annotated[list[str], Meta(max_length=1000)] = []
    checks: Annotated[list[Literal["refusal", "support", "repetition"]], Meta(max_length=3)] = []
    language: Annotated[str, Meta(max_length=16)] | None = None
    flag: Annotated[list[AnswerCheckName], Meta(max_length=6)] = []


class DetectRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A text, the messages of a conversation, or an object with text, messages or documents.

    `direction` is `output` for what a model has written; `origin` is whose texts those are that
    do not say it themselves: a user's, or on the way out the model's. `answers` goes with an
    output that is a text.
    """

    content: str | list[Any] | dict[str, Any]
    content_type: ContentType = "text"
    context: Context | None = None
    options: Options | None = None
    direction: Literal["input", "output"] = "input"
    origin: OriginName | None = None
    answers: AnswerTo | None = None


class BatchItem(DetectRequest, forbid_unknown_fields=True, rename="camel"):
    """One request of a batch, with the client's own name for it."""

    id: Annotated[str, Meta(max_length=256)] | None = None


class BatchOptions(Struct, forbid_unknown_fields=True, rename="camel"):
    """How a batch is worked through. With `async` the answer comes later, also to a `webhook`."""

    max_parallelism: Annotated[int, Meta(ge=1, le=1024)] = 10
    aggregate_results: bool = False
    asynchronous: bool = field(default=False, name="async")
    webhook: Annotated[str, Meta(max_length=2048)] | None = None


class BatchRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Many requests at once."""

    requests: Annotated[list[BatchItem], Meta(min_length=1)]
    batch_options: BatchOptions | None = None


class LooseBatch(Struct, forbid_unknown_fields=True, rename="camel"):
    """A batch whose requests are not looked at yet."""

    requests: Annotated[list[Raw], Meta(min_length=1)]
    batch_options: BatchOptions | None = None


class Named(Struct):
    """What names a request of a batch, whatever else is wrong with it."""

    id: Annotated[str, Meta(max_length=256)] | None = None


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


class WireRemark(Struct, frozen=True, gc=False, rename="camel"):
    """Something that a check of an answer noticed."""

    check: AnswerCheckName
    span: WireSpan
    score: float
    explanation: str
    flags: bool


class WireAnswer(Struct, frozen=True, gc=False, rename="camel"):
    """What was noticed about an answer; none where nobody asked or it cannot be told.

    `promptLeak` is the share of the system prompt that the answer tells, `support` how much of
    the answer stands in the context, both from 0 to 1.
    """

    remarks: tuple[WireRemark, ...]
    prompt_leak: float | None
    refused: bool | None
    language: str | None
    support: float | None


class Metadata(Struct, frozen=True, gc=False, rename="camel"):
    """Which knowledge and which node spoke."""

    detector_versions: dict[str, str]
    policy_version: str
    edge_node: str


class WireTurn(Struct, frozen=True, gc=False, rename="camel"):
    """A message that is new in its session; `path` leads to it, in a text by its number."""

    path: str
    action: ActionName
    category: str | None
    quarantined: bool


class WirePiece(Struct, frozen=True, gc=False, rename="camel"):
    """A part of a message: `turn` counts those of the session, `index` those of the request."""

    turn: int
    index: int | None
    content: int
    span: WireSpan


class WireWhole(Struct, frozen=True, gc=False, rename="camel"):
    """What pieces of several messages say together."""

    how: Literal["parts", "variables", "turns", "documents"]
    category: str | None
    confidence: float
    pieces: tuple[WirePiece, ...]


class WireTalk(Struct, frozen=True, gc=False, rename="camel"):
    """What a session said together; `quarantined` are pointers to what must not go on."""

    risk: float
    messages: tuple[WireTurn, ...]
    quarantined: tuple[str, ...]
    assembled: tuple[WireWhole, ...]
    reasons: tuple[str, ...]


class DetectResponse(Struct, frozen=True, gc=False, rename="camel"):
    """The answer to one request. `detectionTime` is in milliseconds, `id` the client's own name."""

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
    metadata: Annotated[Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/Metadata"})]
    explanation: Explanation | UnsetType = UNSET
    allowed_by: tuple[WireAllowed, ...] | UnsetType = UNSET
    answer: WireAnswer | UnsetType = UNSET
    conversation: WireTalk | UnsetType = UNSET
    id: str | UnsetType = UNSET


class RefusedItem(Struct, frozen=True, gc=False, rename="camel"):
    """A request among many that was not inspected, and why."""

    error: Problem
    id: str | UnsetType = UNSET


class Aggregates(Struct, frozen=True, gc=False, rename="camel"):
    """Sums over a batch; `processingTime` is in milliseconds."""

    total_threats: int
    threats_by_category: dict[str, int]
    average_confidence: float
    processing_time: float


class BatchResponse(Struct, frozen=True, gc=False, rename="camel"):
    """The answers to a batch, in the order of its requests; one that is wrong has an `error`."""

    batch_id: str
    total_requests: int
    processed_requests: int
    results: tuple[DetectResponse, ...]
    aggregates: Aggregates | UnsetType = UNSET
