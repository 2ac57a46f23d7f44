"""What the playground sends and shows. Names follow API v2 where it has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

OriginName = Literal["system", "user", "assistant", "tool", "retrieval", "memory"]


class TryAnswer(Struct, forbid_unknown_fields=True, rename="camel"):
    """An answer of a model, and what it is held against."""

    text: str
    question: str | None = None
    system: str | None = None
    context: Annotated[list[str], Meta(max_length=256)] = []
    canaries: Annotated[list[str], Meta(max_length=256)] = []


class TryRequest(Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """One of: a text, the messages of a chat, tool definitions, an answer."""

    text: str | None = None
    origin: OriginName = "user"
    messages: list[Any] | None = None
    tools: list[Any] | dict[str, Any] | None = None
    answer: TryAnswer | None = None


class ShownSpan(Struct, frozen=True, gc=False):
    """Code points, half-open."""

    start: int
    end: int


class ShownContent(Struct, frozen=True, gc=False):
    """One part as it was inspected; `unveiled` is what stands under its disguises, if any."""

    text: str
    origin: str
    name: str
    unveiled: str | None


class ShownFinding(Struct, frozen=True, gc=False, rename="camel"):
    """One piece of evidence; `matches` are the places that decided, within the span."""

    category: str
    title: str
    span: ShownSpan | None
    matches: tuple[ShownSpan, ...]
    score: float
    severity: str
    rule_id: str
    explanation: str
    chain: tuple[str, ...]
    taxonomy: tuple[str, ...]
    mention: bool
    content: int
    entity: str | None


class ShownRemark(Struct, frozen=True, gc=False, rename="camel"):
    """What a check of the answer noticed; it informs."""

    check: str
    span: ShownSpan
    score: float
    explanation: str


class ShownProfile(Struct, frozen=True, gc=False, rename="camel"):
    """The decision under one profile, with the thresholds of its category."""

    profile: str
    in_force: bool
    action: str
    enforced: bool
    category: str
    confidence: float | None
    flag: float | None
    block: float | None


class ShownTiming(Struct, frozen=True, gc=False):
    """How long one step took."""

    step: str
    microseconds: float


class ShownDegraded(Struct, frozen=True, gc=False):
    """A check that did not run, and why."""

    check: str
    reason: str


class ShownTool(Struct, frozen=True, gc=False):
    """One tool definition: what it can do, and where it stands in what was given."""

    name: str
    server: str
    pointer: str
    sha256: str
    capabilities: tuple[str, ...]


class TryResponse(Struct, frozen=True, gc=False, rename="camel"):
    """All that the playground shows of one inspection."""

    request_id: str
    kind: Literal["text", "chat", "tools", "answer"]
    detection_time: float
    verdict: Literal["attack", "benign"]
    action: str
    enforced: bool
    category: str
    title: str
    confidence: float | None
    severity: str
    reasons: tuple[str, ...]
    contents: tuple[ShownContent, ...]
    findings: tuple[ShownFinding, ...]
    remarks: tuple[ShownRemark, ...]
    profiles: tuple[ShownProfile, ...]
    tools: tuple[ShownTool, ...]
    tiers: tuple[int, ...]
    timings: tuple[ShownTiming, ...]
    degraded: tuple[ShownDegraded, ...]
    policy_version: str
