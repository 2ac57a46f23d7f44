"""Tools, calls, traces and rewritten texts as they travel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from aidefence.delivery.rest.wire import ActionName, Context, SeverityName, WireDegraded, WireSpan

# A list of definitions, or one such list for each of several servers.
ToolList = list[Any] | dict[str, Any]
WrapName = Literal["delimit", "datamark", "encode"]


class ToolsRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Definitions as a model is given them, in the shape of any client."""

    tools: ToolList
    context: Context | None = None


class CallRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A call; `task` is what the user asked for, `seen` what tools and documents have said."""

    name: Annotated[str, Meta(max_length=256)]
    arguments: str | dict[str, Any]
    tools: ToolList | None = None
    task: str | None = None
    seen: Annotated[list[str], Meta(max_length=1000)] = []
    context: Context | None = None


class TraceRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """The messages of a trace, or a whole request."""

    messages: list[Any] | dict[str, Any]
    tools: ToolList | None = None
    context: Context | None = None


class RedactRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A text, and what to put in the place of which values; three operators need a `key`."""

    text: str
    categories: Annotated[tuple[str, ...], Meta(max_length=32)] = ("pii", "secret")
    entities: Annotated[list[str], Meta(max_length=256)] | None = None
    operators: dict[str, str] = {}
    default: Annotated[str, Meta(max_length=64)] = "replace"
    key: Annotated[str, Meta(max_length=256)] | None = None
    min_score: Annotated[float, Meta(ge=0, le=1)] | None = None


class NeutralizeRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """A text, and what to make harmless in it; `hosts` may stay linked."""

    text: str
    decode: bool = False
    markup: bool = True
    hosts: Annotated[list[str], Meta(max_length=1000)] = []
    wrap: WrapName | None = None


class WireToolFinding(Struct, frozen=True, rename="camel"):
    """One thing wrong; `pointer` is a JSON pointer into what was handed in."""

    check: str
    rule_id: str
    category: str
    severity: SeverityName
    action: ActionName
    score: float
    explanation: str
    pointer: str
    server: str
    tool: str
    span: WireSpan | None
    chain: tuple[str, ...]
    taxonomy: tuple[str, ...]
    event: int | None
    source: int | None


class WireTool(Struct, frozen=True, rename="camel"):
    """What is known of one tool."""

    name: str
    server: str
    pointer: str
    sha256: str
    capabilities: tuple[str, ...]


class WireRuling(Struct, frozen=True, rename="camel"):
    """What policy says, with the evidence."""

    action: ActionName
    enforced: bool
    severity: SeverityName
    findings: tuple[WireToolFinding, ...]
    policy_version: str
    degraded: tuple[WireDegraded, ...]
    reasons: tuple[str, ...]
    """What policies in force say of it, the gravest first."""


class ToolsResponse(WireRuling, frozen=True, rename="camel"):
    """The ruling on tool definitions."""

    tools: tuple[WireTool, ...]


class CallResponse(WireRuling, frozen=True, rename="camel"):
    """The ruling on one call."""

    tool: str
    capabilities: tuple[str, ...]


class TraceResponse(WireRuling, frozen=True, rename="camel"):
    """The ruling on a trace of which so many `events` were read."""

    events: int


class WireChange(Struct, frozen=True, rename="camel"):
    """One stretch that was changed: where it stood, where it stands, what was done and why."""

    original: WireSpan
    result: WireSpan
    kind: str
    reason: str
    entity: str | None


class RewriteResponse(Struct, frozen=True, rename="camel"):
    """A changed text; `instruction` is what a model must be told about a wrapped one."""

    text: str
    changes: tuple[WireChange, ...]
    degraded: tuple[WireDegraded, ...]
    instruction: str
