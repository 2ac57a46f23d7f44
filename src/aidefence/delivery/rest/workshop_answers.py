"""From rulings and rewrites to what travels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from aidefence.delivery.rest import workshop_wire as wire
from aidefence.delivery.rest.wire import ActionName, SeverityName, WireDegraded, WireSpan
from aidefence.domain.content import Degraded, Span
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import CallDecision, Ruling, ToolFinding, ToolsDecision, TraceDecision
from aidefence.service.telling import DIGITS


class _Common(TypedDict):
    action: ActionName
    enforced: bool
    severity: SeverityName
    findings: tuple[wire.WireToolFinding, ...]
    policy_version: str
    degraded: tuple[WireDegraded, ...]
    reasons: tuple[str, ...]


def tell_tools(ruling: ToolsDecision) -> wire.ToolsResponse:
    """Tell what is said of tool definitions."""
    tools = tuple(
        wire.WireTool(it.name, it.server, it.pointer, it.sha256, tuple(it.capabilities))
        for it in ruling.tools
    )
    return wire.ToolsResponse(**_common(ruling), tools=tools)


def tell_call(ruling: CallDecision) -> wire.CallResponse:
    """Tell what is said of a call."""
    capabilities = tuple(ruling.capabilities)
    return wire.CallResponse(**_common(ruling), tool=ruling.tool, capabilities=capabilities)


def tell_trace(ruling: TraceDecision) -> wire.TraceResponse:
    """Tell what is said of a trace."""
    return wire.TraceResponse(**_common(ruling), events=ruling.events)


def tell_rewrite(done: Rewrite) -> wire.RewriteResponse:
    """Tell what became of a text."""
    changes = tuple(
        wire.WireChange(_span(it.original), _span(it.result), it.kind.value, it.reason, it.entity)
        for it in done.changes
    )
    return wire.RewriteResponse(done.text, changes, _degraded(done.degraded), done.instruction)


def _common(ruling: Ruling) -> _Common:
    return {
        "action": ruling.action.value,
        "enforced": ruling.enforced,
        "severity": ruling.severity.value,
        "findings": tuple(map(_finding, ruling.findings)),
        "policy_version": ruling.policy_version,
        "degraded": _degraded(ruling.degraded),
        "reasons": ruling.reasons,
    }


def _finding(it: ToolFinding) -> wire.WireToolFinding:
    return wire.WireToolFinding(
        check=it.check.value,
        rule_id=it.rule_id,
        category=it.category.value,
        severity=it.severity.value,
        action=it.action.value,
        score=round(it.score, DIGITS),
        explanation=it.explanation,
        pointer=it.pointer,
        server=it.server,
        tool=it.tool,
        span=None if it.span is None else _span(it.span),
        chain=it.chain,
        taxonomy=it.ids,
        event=it.event,
        source=it.source,
    )


def _degraded(missed: Iterable[Degraded]) -> tuple[WireDegraded, ...]:
    return tuple(WireDegraded(it.check, it.reason) for it in missed)


def _span(span: Span) -> WireSpan:
    return WireSpan(span.start, span.end)
