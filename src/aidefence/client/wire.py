"""Answers of a gateway as they travel. What a newer gateway says besides is passed over."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from aidefence.client.errors import Problem


class Span(Struct):
    """Code points, half-open."""

    start: int
    end: int


class Finding(Struct, rename="camel"):
    """One piece of evidence."""

    category: str
    span: Span
    score: float
    severity: str
    rule_id: str
    explanation: str
    chain: tuple[str, ...] = ()
    mention: bool = False
    content: int = 0
    entity: str | None = None


class Threat(Struct, rename="camel"):
    """What was found."""

    confidence: float
    category: str
    severity: str
    findings: list[Finding]


class Timing(Struct):
    """How long one step took."""

    step: str
    microseconds: float


class Missed(Struct):
    """A check that did not run."""

    check: str
    reason: str


class Explanation(Struct):
    """Why, in words."""

    reasoning: str


class Allowed(Struct, rename="camel"):
    """A finding that an allow list took out."""

    entry: str
    rule_id: str
    span: Span
    content: int = 0


class Metadata(Struct, rename="camel"):
    """Which knowledge spoke."""

    policy_version: str


class Remark(Struct):
    """Something that a check of an answer noticed."""

    check: str
    span: Span
    score: float
    explanation: str
    flags: bool = False


class Answer(Struct, rename="camel"):
    """What was noticed about an answer of a model."""

    remarks: list[Remark]
    prompt_leak: float | None = None
    refused: bool | None = None
    language: str | None = None
    support: float | None = None


class Detected(Struct, rename="camel"):
    """The answer to one question."""

    request_id: str
    threat: Threat
    action: str
    enforced: bool
    tiers: list[int]
    timings: list[Timing]
    degraded: list[Missed]
    metadata: Metadata
    explanation: Explanation | UnsetType = UNSET
    allowed_by: list[Allowed] | UnsetType = UNSET
    answer: Answer | UnsetType = UNSET


class Line(Struct, rename="camel"):
    """One line of a batch, before one knows whether it is an answer or a refusal."""

    id: str = ""
    error: Problem | None = None


class ToolFinding(Struct, rename="camel"):
    """One thing wrong with a tool, a call or a trace."""

    check: str
    rule_id: str
    category: str
    severity: str
    action: str
    score: float
    explanation: str
    pointer: str = ""
    server: str = ""
    tool: str = ""
    span: Span | None = None
    chain: tuple[str, ...] = ()
    taxonomy: tuple[str, ...] = ()
    event: int | None = None
    source: int | None = None


class Tool(Struct, rename="camel"):
    """What is known of one tool."""

    name: str
    server: str
    pointer: str
    sha256: str
    capabilities: list[str]


class Ruled(Struct, rename="camel"):
    """A ruling on tools, a call or a trace."""

    action: str
    enforced: bool
    findings: list[ToolFinding]
    policy_version: str
    degraded: list[Missed]
    reasons: list[str] = []
    tools: list[Tool] = []
    tool: str = ""
    capabilities: list[str] = []
    events: int = 0


class Changed(Struct, rename="camel"):
    """One stretch that was changed."""

    original: Span
    result: Span
    kind: str
    reason: str
    entity: str | None = None


class Rewritten(Struct, rename="camel"):
    """A changed text."""

    text: str
    changes: list[Changed]
    degraded: list[Missed]
    instruction: str = ""


class Given(Struct, rename="camel"):
    """A word of ours was taken."""

    feedback_id: str


class Ready(Struct, rename="camel"):
    """Whether texts are inspected now."""

    status: str
    policy_version: str = ""
    degraded: list[Missed] = []
