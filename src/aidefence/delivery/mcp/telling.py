"""From decisions to what our tools answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aidefence.delivery.mcp.wire import (
    Answered,
    Detected,
    PolicyMade,
    ProofStatus,
    Redacted,
    ScannedTools,
    WireChange,
    WireDegraded,
    WireExplanation,
    WireFinding,
    WireRemark,
    WireSpan,
    WireThreat,
    WireTool,
    WireToolFinding,
)
from aidefence.domain.answer import AnswerReport
from aidefence.domain.asking import Detection
from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import ToolFinding, ToolsDecision
from aidefence.domain.verdict import Finding
from aidefence.policy.lean import write_lean
from aidefence.service.policies import PolicyView
from aidefence.service.telling import BENIGN, DIGITS, alternatives, attack_vector, features

_NS_PER_MS = 1_000_000


def tell_detected(
    detection: Detection, request_id: str, elapsed_ns: int, *, explain: bool
) -> Detected:
    """Tell the decision on a text."""
    return Detected.model_construct(**_detected(detection, request_id, elapsed_ns, explain=explain))


def tell_answered(detection: Detection, request_id: str, elapsed_ns: int) -> Answered:
    """Tell the decision on an answer."""
    report = detection.report or AnswerReport(detection.decision)
    return Answered.model_construct(
        **_detected(detection, request_id, elapsed_ns, explain=False),
        remarks=[
            WireRemark.model_construct(
                check=it.check.value,
                span=_span(it.span),
                score=round(it.score, DIGITS),
                explanation=it.explanation,
                flags=it.flags,
            )
            for it in report.remarks
        ],
        refused=report.refused,
        language=None if report.language is None else report.language.code,
        prompt_leak=None if report.prompt_leak is None else round(report.prompt_leak.share, DIGITS),
        support=None if report.support is None else round(report.support.score, DIGITS),
    )


def tell_tools(decision: ToolsDecision, request_id: str) -> ScannedTools:
    """Tell the ruling on tool definitions."""
    return ScannedTools.model_construct(
        request_id=request_id,
        action=decision.action.value,
        enforced=decision.enforced,
        findings=[_tool_finding(it) for it in decision.findings],
        tools=[
            WireTool.model_construct(
                name=it.name,
                server=it.server,
                sha256=it.sha256,
                capabilities=[can.value for can in it.capabilities],
            )
            for it in decision.tools
        ],
        degraded=_degraded(decision.degraded),
        policy_version=decision.policy_version,
    )


def tell_redacted(done: Rewrite, request_id: str) -> Redacted:
    """Tell what became of a text."""
    return Redacted.model_construct(
        request_id=request_id,
        text=done.text,
        changes=[
            WireChange.model_construct(
                original=_span(it.original),
                result=_span(it.result),
                kind=it.kind.value,
                reason=it.reason,
                entity=it.entity,
            )
            for it in done.changes
        ],
        complete=done.complete,
        degraded=_degraded(done.degraded),
    )


def tell_policy(view: PolicyView, sentences: Sequence[str]) -> PolicyMade:
    """Tell a policy that was just written: nothing of it is proved or deployed yet."""
    return PolicyMade.model_construct(
        policy_id=view.policy.id,
        status=view.status.value,
        lean_specification=write_lean(view.image, view.claims),
        proof_status=ProofStatus.model_construct(
            proved=False, prover=None, proof_time=0, certificate=None
        ),
        deployment_status="not_deployed",
        version=view.version.version,
        source=view.version.source,
        sentences=list(sentences),
    )


def _detected(
    detection: Detection, request_id: str, elapsed_ns: int, *, explain: bool
) -> dict[str, Any]:
    decision, category = detection.decision, detection.category
    return {
        "request_id": request_id,
        "detection_time": round(elapsed_ns / _NS_PER_MS, 3),
        "verdict": "attack" if detection.detected else "benign",
        "action": detection.action.value,
        "enforced": detection.enforced,
        "threat": WireThreat.model_construct(
            detected=detection.detected,
            confidence=round(decision.confidence, DIGITS),
            category=BENIGN if category is None else category.value,
            severity=decision.severity.value,
            attack_vector=list(attack_vector(decision.findings)),
            findings=[_finding(it) for it in decision.findings],
        ),
        "tiers": list(decision.tiers),
        "truncated": False,
        "degraded": _degraded(detection.degraded),
        "policy_version": decision.policy_version,
        "explanation": _explanation(decision) if explain else None,
    }


def _explanation(decision: Decision) -> WireExplanation:
    return WireExplanation.model_construct(
        reasoning="; ".join(decision.reasons),
        features=features(decision),
        alternatives=list(alternatives(decision)),
    )


def _finding(finding: Finding) -> WireFinding:
    return WireFinding.model_construct(
        category=finding.category.value,
        span=_span(finding.span),
        score=round(finding.score, DIGITS),
        severity=finding.severity.value,
        rule_id=finding.rule_id,
        explanation=finding.explanation,
        chain=list(finding.chain),
        taxonomy=list(finding.taxonomy.ids),
        mention=finding.mention,
        entity=finding.entity,
    )


def _tool_finding(finding: ToolFinding) -> WireToolFinding:
    return WireToolFinding.model_construct(
        rule_id=finding.rule_id,
        action=finding.action.value,
        category=finding.category.value,
        severity=finding.severity.value,
        score=round(finding.score, DIGITS),
        explanation=finding.explanation,
        server=finding.server,
        tool=finding.tool,
        pointer=finding.pointer,
        span=None if finding.span is None else _span(finding.span),
        taxonomy=list(finding.ids),
    )


def _degraded(missed: Iterable[Degraded]) -> list[WireDegraded]:
    return [WireDegraded.model_construct(check=it.check, reason=it.reason) for it in missed]


def _span(span: Span) -> WireSpan:
    return WireSpan.model_construct(start=span.start, end=span.end)
