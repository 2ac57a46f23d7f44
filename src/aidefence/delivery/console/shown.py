"""From decisions to what the playground shows of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from aidefence.delivery.console.wire import (
    ShownContent,
    ShownDegraded,
    ShownFinding,
    ShownProfile,
    ShownRemark,
    ShownSpan,
    ShownTiming,
    ShownTool,
    TryResponse,
)
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Content, Degraded, Inspection, Span
from aidefence.domain.enums import Action, Category
from aidefence.domain.rewrite import ChangeKind
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.domain.tools import ToolFinding, ToolsDecision
from aidefence.domain.verdict import Finding
from aidefence.ingest.tools import Tools
from aidefence.service.guarding import Guarding
from aidefence.service.profiles import Weighed
from aidefence.service.telling import BENIGN, DIGITS

Kind: TypeAlias = Literal["text", "chat", "answer"]

_NS_PER_US = 1_000
_NS_PER_MS = 1_000_000
_HARMLESS = "No attack found"


def show_detection(
    request: Request,
    kind: Kind,
    inspection: Inspection,
    detection: Detection,
    weighed: Sequence[Weighed],
    guard: Guarding,
    elapsed_ns: int,
) -> TryResponse:
    """Show a decision on a text, a chat or an answer."""
    decision, report = detection.decision, detection.report
    disguised = {it.content for it in decision.findings if it.chain}
    contents = [
        _content(it, guard if at in disguised else None)
        for at, it in enumerate(inspection.contents)
    ]
    return TryResponse(
        request_id=request.id,
        kind=kind,
        detection_time=round(elapsed_ns / _NS_PER_MS, 3),
        verdict="attack" if detection.detected else "benign",
        action=detection.action.value,
        enforced=detection.enforced,
        category=_name(detection.category),
        title=_title(detection.category),
        confidence=round(decision.confidence, DIGITS),
        severity=decision.severity.value,
        reasons=decision.reasons,
        contents=tuple(contents),
        findings=tuple(map(_finding, decision.findings)),
        remarks=tuple(
            ShownRemark(it.check.value, _span(it.span), round(it.score, DIGITS), it.explanation)
            for it in (report.remarks if report else ())
        ),
        profiles=tuple(map(_profile, weighed)),
        tools=(),
        tiers=decision.tiers,
        timings=tuple(ShownTiming(it.step, it.nanoseconds / _NS_PER_US) for it in decision.timings),
        degraded=_degraded(detection.degraded),
        policy_version=decision.policy_version,
    )


def show_tools(
    request: Request, tools: Tools, ruling: ToolsDecision, elapsed_ns: int
) -> TryResponse:
    """Show a ruling on tool definitions: each string with a finding becomes a content."""
    contents = _Places(tools)
    findings = tuple(contents.finding(it) for it in ruling.findings)
    worst = ruling.findings[0] if ruling.findings else None
    return TryResponse(
        request_id=request.id,
        kind="tools",
        detection_time=round(elapsed_ns / _NS_PER_MS, 3),
        verdict="benign" if ruling.action is Action.ALLOW else "attack",
        action=ruling.action.value,
        enforced=ruling.enforced,
        category=worst.category.value if worst else BENIGN,
        title=_title(worst.category if worst else None),
        confidence=None,
        severity=ruling.severity.value,
        reasons=tuple(it.explanation for it in ruling.findings[:3]),
        contents=contents.shown(),
        findings=findings,
        remarks=(),
        profiles=(),
        tools=tuple(
            ShownTool(it.name, it.server, it.pointer, it.sha256, it.capabilities)
            for it in ruling.tools
        ),
        tiers=(),
        timings=(),
        degraded=_degraded(ruling.degraded),
        policy_version=ruling.policy_version,
    )


class _Places:
    """The parts of what was given that findings point at, each once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._known: dict[str, int] = {}
        self._contents: list[ShownContent] = []

    def finding(self, given: ToolFinding) -> ShownFinding:
        value = _at(self._tools, given.pointer)
        exact = given.span if isinstance(value, str) else None
        return ShownFinding(
            category=given.category.value,
            title=TAXONOMY[given.category].title,
            span=None if exact is None else _span(exact),
            matches=(),
            score=round(given.score, DIGITS),
            severity=given.severity.value,
            rule_id=given.rule_id,
            explanation=given.explanation,
            chain=given.chain,
            taxonomy=given.ids,
            mention=False,
            content=self._place(given.pointer, value),
            entity=None,
        )

    def shown(self) -> tuple[ShownContent, ...]:
        return tuple(self._contents)

    def _place(self, pointer: str, value: object) -> int:
        if pointer not in self._known:
            text = (
                value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
            )
            self._known[pointer] = len(self._contents)
            self._contents.append(ShownContent(text, "tool", pointer or "/", None))
        return self._known[pointer]


def _at(given: object, pointer: str) -> object:
    """What a JSON pointer leads to."""
    value = given
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return value
    return value


def _content(content: Content, guard: Guarding | None) -> ShownContent:
    return ShownContent(
        content.text,
        content.origin.value,
        content.tool or content.source or "",
        None if guard is None else _unveiled(content.text, guard),
    )


def _unveiled(text: str, guard: Guarding) -> str | None:
    """Write out what is encoded in a text; none where nothing is."""
    rewrite = guard.neutralize(text, decode=True, markup=False)
    decoded = any(it.kind is ChangeKind.DECODE for it in rewrite.changes)
    return rewrite.text if decoded else None


def _finding(finding: Finding) -> ShownFinding:
    return ShownFinding(
        category=finding.category.value,
        title=finding.taxonomy.title,
        span=_span(finding.span),
        matches=tuple(map(_span, finding.matched)),
        score=round(finding.score, DIGITS),
        severity=finding.severity.value,
        rule_id=finding.rule_id,
        explanation=finding.explanation,
        chain=finding.chain,
        taxonomy=finding.taxonomy.ids,
        mention=finding.mention,
        content=finding.content,
        entity=finding.entity,
    )


def _profile(weighed: Weighed) -> ShownProfile:
    return ShownProfile(
        weighed.profile.value,
        weighed.in_force,
        weighed.action.value,
        weighed.enforced,
        _name(weighed.category),
        None if weighed.confidence is None else round(weighed.confidence, DIGITS),
        weighed.flag,
        weighed.block,
    )


def _degraded(missed: Iterable[Degraded]) -> tuple[ShownDegraded, ...]:
    return tuple(ShownDegraded(it.check, it.reason) for it in missed)


def _span(span: Span) -> ShownSpan:
    return ShownSpan(span.start, span.end)


def _name(category: Category | None) -> str:
    return category.value if category else BENIGN


def _title(category: Category | None) -> str:
    return TAXONOMY[category].title if category else _HARMLESS
