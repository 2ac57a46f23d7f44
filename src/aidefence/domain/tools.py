"""Tools that a model may call: their definitions, what they can do, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.content import Degraded, Span
from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.taxonomy import TAXONOMY, TaxonomyEntry


class Capability(StrEnum):
    """What a tool can do, as far as its definition tells."""

    PRIVATE = "private"
    UNTRUSTED = "untrusted"
    OUTWARD = "outward"
    SHELL = "shell"
    WRITE = "write"
    NETWORK = "network"
    PAYMENT = "payment"
    DESTRUCTIVE = "destructive"
    ADMIN = "admin"


class ToolCheck(StrEnum):
    """Which check of a tool, a call or a trace a finding comes from."""

    INSTRUCTION = "instruction"
    INVISIBLE = "invisible"
    SHADOWING = "shadowing"
    POSTURE = "posture"
    SCHEMA = "schema"
    ANNOTATION = "annotation"
    PIN = "pin"
    CALL = "call"
    FLOW = "flow"


class PinStatus(StrEnum):
    """How a definition stands to the one that was approved."""

    UNPINNED = "unpinned"
    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """One tool as a client hands it to a model, whatever the shape it came in.

    `pointer` leads to it in what was handed in; `parts` says under which pointer each of
    `description`, `input` and so on stands there.
    """

    name: str
    server: str = ""
    title: str = ""
    description: str = ""
    input_schema: object = None
    output_schema: object = None
    annotations: object = None
    other: Mapping[str, object] = field(default_factory=dict)
    pointer: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def definition(self) -> dict[str, object]:
        """What is pinned: everything that reaches a model, in one shape for all clients."""
        given = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
            "annotations": self.annotations,
            "other": dict(self.other),
        }
        return {key: value for key, value in given.items() if value not in ("", None, {})}


@dataclass(frozen=True, slots=True)
class Change:
    """One place in which two definitions differ; none where it is missing."""

    pointer: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ToolFinding:
    """One thing wrong with a tool, a call or a trace: what, where, how bad and why.

    `pointer` is a JSON pointer into what was handed in, `span` a range of the string there. In a
    trace `event` is where it happened and `source` where the data had come from.
    """

    check: ToolCheck
    rule_id: str
    category: Category
    severity: Severity
    action: Action
    score: float
    explanation: str
    pointer: str = ""
    server: str = ""
    tool: str = ""
    span: Span | None = None
    chain: tuple[str, ...] = ()
    event: int | None = None
    source: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def taxonomy(self) -> TaxonomyEntry:
        """The public catalogue numbers of the finding's category."""
        return TAXONOMY[self.category]

    @property
    def ids(self) -> tuple[str, ...]:
        """All catalogue numbers: the category's, and those of this finding alone."""
        return tuple(dict.fromkeys((*self.taxonomy.ids, *self.tags)))


@dataclass(frozen=True, slots=True)
class ToolReport:
    """What is known of one tool: its digest, its capabilities, and how it stands to its pin."""

    name: str
    server: str
    pointer: str
    sha256: str
    capabilities: tuple[Capability, ...]
    status: PinStatus = PinStatus.UNPINNED
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What policy says about tools, a call or a trace, with the evidence."""

    action: Action
    enforced: bool
    findings: tuple[ToolFinding, ...]
    policy_version: str
    degraded: tuple[Degraded, ...] = ()
    reasons: tuple[str, ...] = ()
    """What policies say, and why."""

    @property
    def blocked(self) -> bool:
        """Whether it must not pass."""
        return self.enforced and self.action is Action.BLOCK

    @property
    def severity(self) -> Severity:
        """How bad the worst finding is if true."""
        return max((it.severity for it in self.findings), default=Severity.LOW)


@dataclass(frozen=True, slots=True)
class ToolsDecision(Ruling):
    """The ruling on tool definitions, with a report on each of them."""

    tools: tuple[ToolReport, ...] = ()


@dataclass(frozen=True, slots=True)
class CallDecision(Ruling):
    """The ruling on one tool call, with what the called tool can do."""

    tool: str = ""
    capabilities: tuple[Capability, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceDecision(Ruling):
    """The ruling on a whole trace: `events` of it were read."""

    events: int = 0
