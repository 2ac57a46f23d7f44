"""Calls and traces: what a guard says of them, single or followed message after message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aidefence.domain.canonical import canonical
from aidefence.domain.content import Content, Degraded, Span
from aidefence.domain.enums import Action, Category, Direction, Modality, Origin
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.flow import Signals
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import (
    CallDecision,
    Capability,
    ToolDefinition,
    ToolFinding,
    TraceDecision,
)
from aidefence.domain.verdict import Finding
from aidefence.engine import Engine
from aidefence.ingest.messages import Inspectable, open_request
from aidefence.pipeline.corridor import Corridor
from aidefence.service.call_arguments import read_arguments
from aidefence.service.calls import CallInspector, called_names
from aidefence.service.flow import FlowTracker
from aidefence.service.tool_posture import classify, classify_name
from aidefence.service.tools import ToolInspector

MESSAGES_MAX = 100_000
WATCH = "flow"
_TASK_MAX = 20_000
_ORDERS = frozenset(
    {
        Category.PROMPT_INJECTION,
        Category.INDIRECT_INJECTION,
        Category.JAILBREAK,
        Category.PROMPT_EXTRACTION,
        Category.DATA_EXFILTRATION,
        Category.TOOL_ABUSE,
    }
)
_SECRET_MIN = 0.8
_PRIVATE_MIN = 0.5
_RULE_MIN = 0.7
# A conversation decides by scores: what is to be reviewed is flagged there, and held for nobody.
_SCORES = {Action.FLAG: 0.82, Action.REVIEW: 0.9, Action.BLOCK: 0.99}
_INPUT = Direction.INPUT.code
_FORGOT = Degraded(
    "flow.memory", "more was said than is remembered: what came first may flow unseen"
)


class Tracer:
    """Makes trackers, and judges what they are shown with the rules of a guard."""

    __slots__ = ("_book", "_corridor", "_inspector", "_key", "_known", "_tools")

    def __init__(
        self, inspector: ToolInspector, key: bytes, tools: Sequence[ToolDefinition] = ()
    ) -> None:
        """`tools` are the definitions that the model was given, where they are known."""
        self._inspector = inspector
        self._corridor: Corridor = inspector.corridor
        self._book: Engine = inspector.book
        self._key = key
        self._tools = tuple(tools)
        self._known: dict[str, tuple[ToolDefinition, frozenset[Capability]]] = {}
        for tool, can in zip(self._tools, classify(self._book, self._tools), strict=True):
            for name in called_names(tool):
                self._known.setdefault(name, (tool, can))

    def tracker(self) -> FlowTracker:
        """Begin to follow a trace."""
        return FlowTracker(self._key, self._judge, self.capabilities)

    def capabilities(self, name: str) -> frozenset[Capability]:
        """Tell what a tool can do: from its definition, or from its name alone."""
        known = self._known.get(name)
        if known is not None:
            return known[1]
        return classify_name(self._book, name)

    def call(
        self, name: str, arguments: object, task: str | None, seen: Sequence[str]
    ) -> CallDecision:
        """Decide about one call; `task` is what the user wants, `seen` what tools have brought."""
        read = read_arguments(arguments)
        can = self.capabilities(name)
        definition = self._definition(name)
        findings = list(
            CallInspector(self._corridor).inspect(name, read, definition, can, task or "")
        )
        if self._tools and definition is None:
            findings.append(structure_finding("call-unknown-tool", "", tool=name))
        if seen:
            tracker = self.tracker()
            tracker.observe([Content(task or "", Origin.USER)])
            for text in seen:
                tracker.observe([Content(text, Origin.TOOL)])
            spelled = arguments if isinstance(arguments, str) else canonical(arguments)
            call = Content(spelled, Origin.ASSISTANT, Modality.TOOL_CALL, name)
            findings += (replace(it, event=None, source=None) for it in tracker.observe([call]))
        return CallDecision(
            *self._inspector.ruling(findings),
            policy_version=self._corridor.charter.policy_version,
            degraded=self._corridor.standing,
            tool=name,
            capabilities=tuple(sorted(can)),
        )

    def trace(self, messages: Inspectable) -> TraceDecision:
        """Decide about a whole trace: every call, and what flows into it."""
        given = [messages] if isinstance(messages, str | Content) else messages
        request = open_request(given, messages_max=MESSAGES_MAX)
        tracker = self.tracker()
        findings: list[ToolFinding] = []
        unread = dict.fromkeys(request.unread) if not self._tools else {}
        task = _Task()
        places = [*request.head, *(request.place(at) for at in range(len(request.messages)))]
        for at, place in enumerate(places):
            inspection = place.read(Origin.USER, Direction.INPUT)
            unread |= dict.fromkeys(inspection.unread)
            told = [*tracker.observe(inspection.contents)]
            for content in inspection.contents:
                task.take(content)
                if content.modality is Modality.TOOL_CALL:
                    told += self._called(content, task.text)
            findings += (
                replace(
                    it,
                    pointer=place.path,
                    event=at,
                    source=_place(it.source),
                    explanation=_told(it),
                )
                for it in told
            )
        return TraceDecision(
            *self._inspector.ruling(findings),
            policy_version=self._corridor.charter.policy_version,
            degraded=(
                *self._corridor.standing,
                *unread,
                *((_FORGOT,) if tracker.forgot else ()),
            ),
            events=tracker.events,
        )

    def _definition(self, name: str) -> ToolDefinition | None:
        known = self._known.get(name)
        return None if known is None else known[0]

    def _called(self, content: Content, task: str) -> list[ToolFinding]:
        name = content.tool or ""
        try:
            read = read_arguments(content.text)
        except (ContentError, LimitError):
            return [structure_finding("call-not-json", "", tool=name)]
        definition = self._definition(name)
        found = CallInspector(self._corridor).inspect(
            name, read, definition, self.capabilities(name), task
        )
        unknown = [structure_finding("call-unknown-tool", "", tool=name)]
        return [*found, *(unknown if self._tools and definition is None else ())]

    def _judge(self, content: Content) -> Signals:
        decision = self._corridor.evidence(content.text, content.origin.code, _INPUT)
        suspect = decision.action is not Action.ALLOW and decision.category in _ORDERS
        if not suspect:
            record = self._book.inspect(content.text, Origin.TOOL.code, _INPUT)
            suspect = any(it[0].startswith("td-") and it[4] >= _RULE_MIN for it in record[6])
        spans: dict[Category, list[Span]] = {Category.SECRET: [], Category.PII: []}
        for finding in decision.findings:
            least = _SECRET_MIN if finding.category is Category.SECRET else _PRIVATE_MIN
            if finding.category in spans and finding.score >= least:
                spans[finding.category].append(finding.span)
        return Signals(suspect, tuple(spans[Category.SECRET]), tuple(spans[Category.PII]))


@dataclass(slots=True)
class _Task:
    """The newest of what the user asked for; older words weigh nothing and cost nothing."""

    text: str = ""
    _parts: list[str] = field(default_factory=list)

    def take(self, content: Content) -> None:
        """Add what a user or the operator said."""
        if content.origin in {Origin.USER, Origin.SYSTEM}:
            self.text = f"{self.text}\n{content.text}"[-_TASK_MAX:]


@dataclass(frozen=True, slots=True)
class FlowWatcher:
    """Follows the flows of conversations: plugs a tracker in where conversations are followed."""

    tracer: Tracer
    name: str = WATCH

    def follow(self, state: bytes) -> FlowWatch:
        """Go on from a state; from the beginning where it is empty, or of another version."""
        tracker = self.tracer.tracker()
        if state:
            try:
                tracker.load(state)
            except ContentError:
                tracker = self.tracer.tracker()
        return FlowWatch(tracker)


@dataclass(frozen=True, slots=True)
class FlowWatch:
    """One conversation under watch."""

    tracker: FlowTracker

    def observe(self, contents: Sequence[Content]) -> Sequence[Finding]:
        """Take the next message; findings stand at the call that they are about."""
        found = []
        for at, content in enumerate(contents):
            # One by one, so that each finding knows its content.
            for it in self.tracker.observe([content]):
                span = it.span or Span(0, len(content.text))
                score = _SCORES[it.action]
                found.append(
                    Finding(
                        category=it.category,
                        span=span,
                        score=score,
                        severity=it.severity,
                        rule_id=it.rule_id,
                        explanation=it.explanation,
                        content=at,
                    )
                )
        return found

    def state(self) -> bytes:
        """Return all that must be known before the next message."""
        return self.tracker.dump()


def _told(finding: ToolFinding) -> str:
    """In a trace the pointer leads to the message; where in the call it was stands in words."""
    if finding.pointer and finding.pointer not in finding.explanation:
        return f"{finding.explanation} (at {finding.pointer})"
    return finding.explanation


def _place(source: int | None) -> int | None:
    return None if source is None else source - 1
