"""Follow one session between a client and a server of tools, and rule on all that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aidefence.domain.canonical import canonical
from aidefence.domain.content import Content, Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Direction, Modality, Origin, Severity
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.pins import PinName
from aidefence.domain.relaying import PASSED, Passage, Reason, Ruled
from aidefence.domain.tools import ToolDefinition, ToolFinding
from aidefence.domain.verdict import DEEP_RULE, DENSE_RULE, MODEL_RULE
from aidefence.ingest.tools import ToolSet, read_tools
from aidefence.service.flow import FlowTracker
from aidefence.service.tool_policies import SessionPolicies
from aidefence.service.tools import Pinned, ToolInspector, pin_name
from aidefence.service.traces import Tracer

REASONS_MAX = 16
UNREADABLE = "unreadable"
_MODELS = frozenset({MODEL_RULE, DENSE_RULE, DEEP_RULE})
_TOGETHER_MAX = 1 << 18
_TOGETHER_TOOLS_MAX = 500

ReadPins = Callable[[], Pinned]


@dataclass(frozen=True, slots=True)
class Strictness:
    """From which action on something is stopped."""

    stop_at: Action = Action.REVIEW
    """Nobody stands between a client and a server to review: what should be is stopped, too."""

    def ruled(self, action: Action, *, enforced: bool, reasons: Sequence[Reason]) -> Ruled:
        """Say what follows."""
        return Ruled(action, enforced and action >= self.stop_at, tuple(reasons[:REASONS_MAX]))


class ToolSession:
    """Knows the tools of one server, what was said, and what strangers have brought.

    For one thread at a time: messages of a session have an order.
    """

    def __init__(
        self,
        inspector: ToolInspector,
        key: bytes,
        strictness: Strictness,
        *,
        server: str = "",
        read_pins: ReadPins | None = None,
        policies: SessionPolicies | None = None,
    ) -> None:
        """`read_pins` gives what was approved; without it what was listed first counts as that."""
        self._policies = policies
        self._inspector = inspector
        self._key = key
        self._strictness = strictness
        self._server = server
        self._read_pins = read_pins
        self._enforced = inspector.corridor.charter.policy.enforced
        self._plain = Tracer(inspector, key)
        self._tracer = self._plain
        self._tracker: FlowTracker = self._plain.tracker()
        self._listed: list[ToolDefinition] = []
        self._first: dict[PinName, Mapping[str, object]] = {}
        self._withheld: dict[str, tuple[Reason, ...]] = {}

    def definitions(self, given: Sequence[object], *, is_first_page: bool) -> list[Ruled]:
        """Rule on each tool of a page of a list; a first page begins a list anew."""
        read = [self._read(item) for item in given]
        page = [it for it in read if isinstance(it, ToolDefinition)]
        self._listed = page if is_first_page else [*self._listed, *page]
        # Beyond a lawful number each page is judged for itself: the server decides how many.
        asked = self._listed if len(self._listed) <= _TOGETHER_TOOLS_MAX else page
        found = self._inspect(asked)
        ruled = [
            self._rule_tool(it, found[it.name]) if isinstance(it, ToolDefinition) else it
            for it in read
        ]
        for it, rule in zip(read, ruled, strict=True):
            if isinstance(it, ToolDefinition):
                self._first.setdefault(pin_name(it), it.definition)
                if rule.stopped:
                    self._withheld[it.name] = rule.reasons
                else:
                    self._withheld.pop(it.name, None)
        self._follow(tuple(asked))
        return ruled

    def call(self, name: str, arguments: object) -> Ruled:
        """Rule on the call of a tool before the server hears of it."""
        withheld = self._withheld.get(name)
        if withheld is not None:
            return Ruled(Action.BLOCK, stopped=True, reasons=withheld)
        return self._call(self._tracer, name, arguments)

    def fetch(self, name: str, arguments: object) -> Ruled:
        """Rule on what is asked of a server beside its tools: a resource, a prompt."""
        return self._call(self._plain, name, arguments)

    def _call(self, tracer: Tracer, name: str, arguments: object) -> Ruled:
        try:
            decision = tracer.call(name, arguments, None, ())
            spelled = canonical(arguments)
        except (ContentError, LimitError) as error:
            return self._unreadable(error)
        content = Content(spelled, Origin.ASSISTANT, Modality.TOOL_CALL, name)
        flows = self._tracker.observe([content])
        action, enforced, findings = self._inspector.ruling((*decision.findings, *flows))
        reasons = [_tool_reason(it) for it in findings]
        ruled = self._strictness.ruled(action, enforced=enforced, reasons=reasons)
        if self._policies is None:
            return ruled
        can = frozenset(decision.capabilities)
        return self._policies.called(name, spelled, ruled, findings, can)

    def brought(
        self, passages: Sequence[Passage], *, tool: str | None = None, defines: bool = False
    ) -> Ruled:
        """Rule on what the server has brought, and remember what it may steer later.

        What it `defines` says of itself what it offers: lists, and how it introduces itself.
        """
        contents = [Content(it.text, Origin.TOOL, tool=tool) for it in passages]
        if not contents:
            return PASSED
        asked = contents
        if len(contents) > 1:
            # An order may be spread over the fields of an answer.
            whole = "\n".join(it.text for it in contents)
            asked = [*contents, Content(whole[:_TOGETHER_MAX], Origin.TOOL, tool=tool)]
        decision = self._inspector.corridor.inspect(Inspection(tuple(asked), Direction.INPUT))
        self._tracker.observe(contents)
        reasons = _reasons(decision, passages)
        ruled = self._strictness.ruled(decision.action, enforced=self._enforced, reasons=reasons)
        if self._policies is None:
            return ruled
        return self._policies.brought(asked, ruled, decision, defines=defines)

    def _read(self, item: object) -> ToolDefinition | Ruled:
        try:
            (tool,) = read_tools([item]).tools
        except (ContentError, LimitError, ValueError) as error:
            return self._unreadable(error)
        return replace(tool, server=self._server)

    def _inspect(self, tools: Sequence[ToolDefinition]) -> Mapping[str, list[ToolFinding]]:
        pinned = self._read_pins() if self._read_pins else (self._first or None)
        decision = self._inspector.inspect(ToolSet(tuple(tools)), pinned)
        by_tool: dict[str, list[ToolFinding]] = {it.name: [] for it in tools}
        for finding in decision.findings:
            if finding.tool in by_tool:
                by_tool[finding.tool].append(finding)
        return by_tool

    def _rule_tool(self, tool: ToolDefinition, findings: Sequence[ToolFinding]) -> Ruled:
        action = max((it.action for it in findings), default=Action.ALLOW)
        # Pointers of several pages would mislead; the client knows the tool by its name.
        reasons = [replace(_tool_reason(it), pointer="") for it in findings]
        ruled = self._strictness.ruled(action, enforced=self._enforced, reasons=reasons)
        if self._policies is None:
            return ruled
        return self._policies.defined(tool.name, canonical(tool.definition), ruled, findings)

    def _follow(self, tools: tuple[ToolDefinition, ...]) -> None:
        """Judge calls by the newest definitions, with all that was remembered before."""
        remembered = self._tracker.dump()
        self._tracer = Tracer(self._inspector, self._key, tools)
        self._tracker = self._tracer.tracker()
        self._tracker.load(remembered)

    def _unreadable(self, error: Exception) -> Ruled:
        """What cannot be read is not passed on for harmless."""
        reason = Reason(
            UNREADABLE,
            Category.ANOMALY,
            Severity.MEDIUM,
            Action.BLOCK,
            f"it cannot be inspected: {error}",
            getattr(error, "path", ""),
        )
        return Ruled(Action.BLOCK, self._enforced, (reason,))


def _reasons(decision: Decision, passages: Sequence[Passage]) -> list[Reason]:
    if decision.action is Action.ALLOW:
        return []
    reasons = []
    for it in decision.findings:
        # What only all passages together say has no place of its own.
        pointer = passages[it.content].pointer if it.content < len(passages) else ""
        span = it.span if it.content < len(passages) else None
        reasons.append(
            Reason(
                it.rule_id, it.category, it.severity, decision.action, it.explanation, pointer, span
            )
        )
    # A rule says more than a model, and a place more than none.
    reasons.sort(key=lambda it: (it.rule_id in _MODELS, not it.pointer))
    if not reasons and decision.category is not None:
        reasons.append(
            Reason(
                "model",
                decision.category,
                decision.severity,
                decision.action,
                "; ".join(decision.reasons),
            )
        )
    return reasons


def _tool_reason(finding: ToolFinding) -> Reason:
    return Reason(
        finding.rule_id,
        finding.category,
        finding.severity,
        finding.action,
        finding.explanation,
        finding.pointer,
        finding.span,
    )
