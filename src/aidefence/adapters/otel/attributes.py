"""How an inspection is told in attributes: the one place that knows a convention by its names.

The conventions of OpenTelemetry for guardrails are a draft. Whoever reads our traces chooses which
state of it they are written in; a new one is a new member here and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeAlias

from aidefence import __version__
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Action, Direction
from aidefence.domain.verdict import Finding

Value: TypeAlias = "str | bool | int | float | tuple[str, ...]"
Attributes: TypeAlias = Mapping[str, Value]

_GUARDRAIL = "aidefence"
_BENIGN = "benign"
# What the draft calls our actions; where nothing is enforced, all that is more than allowed audits.
_DRAFT_ACTIONS = {
    Action.ALLOW: "allow",
    Action.FLAG: "warn",
    Action.REDACT: "modify",
    Action.REVIEW: "deny",
    Action.BLOCK: "deny",
}


class Convention(StrEnum):
    """A state of the conventions."""

    GENAI_DRAFT = "genai-draft"
    PLAIN = "plain"


def span_name(convention: Convention) -> str:
    """Name the span of one inspection."""
    if convention is Convention.GENAI_DRAFT:
        return f"run_guardrail {_GUARDRAIL}"
    return f"{_GUARDRAIL}.inspect"


def of_inspection(convention: Convention, request: Request, detection: Detection) -> Attributes:
    """Tell one inspection; nothing of what was inspected."""
    return _INSPECTIONS[convention](request, detection)


def of_finding(convention: Convention, finding: Finding) -> tuple[str, Attributes]:
    """Name the event of one finding, and tell it."""
    return _FINDINGS[convention](finding)


def _draft(request: Request, detection: Detection) -> Attributes:
    decision = detection.decision
    action = _DRAFT_ACTIONS[detection.action]
    if not detection.enforced and action != "allow":
        action = "audit"
    is_output = _direction(request) is Direction.OUTPUT
    return {
        "gen_ai.operation.name": "run_guardrail",
        "gen_ai.security.guardrail.name": _GUARDRAIL,
        "gen_ai.security.guardrail.version": __version__,
        "gen_ai.security.target.type": "llm_output" if is_output else "llm_input",
        "gen_ai.security.verdict.detected": detection.detected,
        "gen_ai.security.verdict.score": round(decision.confidence, 6),
        "gen_ai.security.action.type": action,
        "gen_ai.security.policy.version": decision.policy_version,
        "gen_ai.security.risk.category": _category(detection),
        "gen_ai.security.risk.severity": decision.severity.value,
        **_plain(request, detection),
    }


def _plain(request: Request, detection: Detection) -> Attributes:
    decision = detection.decision
    return {
        "aidefence.request.id": request.id,
        "aidefence.door": request.door,
        "aidefence.direction": _direction(request).value,
        "aidefence.detected": detection.detected,
        "aidefence.action": detection.action.value,
        "aidefence.enforced": detection.enforced,
        "aidefence.category": _category(detection),
        "aidefence.severity": decision.severity.value,
        "aidefence.confidence": round(decision.confidence, 6),
        "aidefence.policy.version": decision.policy_version,
        "aidefence.tiers": tuple(map(str, decision.tiers)),
        "aidefence.degraded": tuple(it.check for it in detection.degraded),
    }


def _draft_finding(finding: Finding) -> tuple[str, Attributes]:
    told = {
        "gen_ai.security.risk.category": finding.category.value,
        "gen_ai.security.risk.severity": finding.severity.value,
        "gen_ai.security.risk.score": round(finding.score, 6),
        "gen_ai.security.policy.rule.id": finding.rule_id,
    }
    return "gen_ai.security.finding", {**told, **_plain_finding(finding)[1]}


def _plain_finding(finding: Finding) -> tuple[str, Attributes]:
    return "aidefence.finding", {
        "aidefence.rule.id": finding.rule_id,
        "aidefence.category": finding.category.value,
        "aidefence.score": round(finding.score, 6),
        "aidefence.span.start": finding.span.start,
        "aidefence.span.end": finding.span.end,
        "aidefence.chain": finding.chain,
        "aidefence.taxonomy": finding.taxonomy.ids,
    }


def _direction(request: Request) -> Direction:
    if request.answers is not None:
        return Direction.OUTPUT
    return request.what.direction if isinstance(request.what, Inspection) else Direction.INPUT


def _category(detection: Detection) -> str:
    return detection.category.value if detection.category else _BENIGN


_INSPECTIONS: Mapping[Convention, Callable[[Request, Detection], Attributes]] = {
    Convention.GENAI_DRAFT: _draft,
    Convention.PLAIN: _plain,
}
_FINDINGS: Mapping[Convention, Callable[[Finding], tuple[str, Attributes]]] = {
    Convention.GENAI_DRAFT: _draft_finding,
    Convention.PLAIN: _plain_finding,
}
