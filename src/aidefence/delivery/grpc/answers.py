"""From detections to messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.requests import Asked
from aidefence.delivery.grpc.statuses import Told
from aidefence.domain.answer import AnswerReport
from aidefence.domain.asking import Detection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Direction, Severity
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.domain.verdict import Finding
from aidefence.service.telling import (
    BENIGN,
    DIGITS,
    alternatives,
    attack_vector,
    core_action,
    features,
    sum_up,
)

_NS_PER_MS = 1_000_000
_NS_PER_US = 1_000
# proto3 keeps 0 for what was never set.
_ACTIONS: Mapping[Action, pb.Action] = {it: pb.Action.Value(f"ACTION_{it.name}") for it in Action}
_SEVERITIES: Mapping[Severity, pb.Severity] = {
    it: pb.Severity.Value(f"SEVERITY_{it.name}") for it in Severity
}
_DIRECTIONS: Mapping[Direction, pb.Direction] = {
    it: pb.Direction.Value(f"DIRECTION_{it.name}") for it in Direction
}


def write_answer(
    asked: Asked, request_id: str, detection: Detection, elapsed_ns: int, metadata: pb.Metadata
) -> pb.DetectResponse:
    """Write the answer to one request."""
    decision, action = detection.decision, detection.action
    if asked.core_actions:
        action = core_action(action)
    answer = pb.DetectResponse(
        request_id=request_id,
        detection_time_ms=milliseconds(elapsed_ns),
        threat=_threat(detection),
        verdict=pb.VERDICT_ATTACK if detection.detected else pb.VERDICT_BENIGN,
        action=_ACTIONS[action],
        enforced=detection.enforced,
        tiers=decision.tiers,
        timings=[
            pb.Timing(step=it.step, microseconds=it.nanoseconds / _NS_PER_US)
            for it in decision.timings
        ],
        degraded=[pb.Degraded(check=it.check, reason=it.reason) for it in detection.degraded],
        metadata=metadata,
        allowed_by=[
            pb.Allowed(
                entry=it.entry,
                rule_id=it.rule_id,
                span=pb.Span(start=it.span.start, end=it.span.end),
                content=it.content,
            )
            for it in decision.allowed_by
        ],
    )
    if asked.name:
        answer.id = asked.name
    if detection.report is not None:
        answer.answer.CopyFrom(_report(detection.report))
    if asked.explain:
        answer.explanation.CopyFrom(_explain(decision))
    return answer


def _report(report: AnswerReport) -> pb.AnswerReport:
    leak, language, support = report.prompt_leak, report.language, report.support
    return pb.AnswerReport(
        remarks=[
            pb.Remark(
                check=it.check.value,
                span=pb.Span(start=it.span.start, end=it.span.end),
                score=round(it.score, DIGITS),
                explanation=it.explanation,
                flags=it.flags,
            )
            for it in report.remarks
        ],
        prompt_leak=None if leak is None else round(leak.share, DIGITS),
        refused=report.refused,
        language=(language and language.code) or "",
        support=None if support is None else round(support.score, DIGITS),
    )


def write_aggregates(detections: Sequence[Detection], elapsed_ns: int) -> pb.Aggregates:
    """Sum up a batch."""
    sums = sum_up(detections)
    return pb.Aggregates(
        total_threats=sums.threats,
        threats_by_category={name.value: count for name, count in sums.by_category.items()},
        average_confidence=sums.average_confidence,
        processing_time_ms=milliseconds(elapsed_ns),
    )


def write_problem(told: Told) -> pb.Problem:
    """Write why one request among many was not carried out."""
    fields = [pb.FieldProblem(field=it.pointer, detail=it.detail) for it in told.fields]
    return pb.Problem(
        code=told.number,
        kind=told.kind,
        detail=told.detail,
        fields=fields,
        retry_after_ms=told.retry_after_ms,
    )


def write_episode(it: Episode) -> pb.Episode:
    """Write what is remembered of a request."""
    return pb.Episode(
        request_id=it.id,
        at_ms=it.at_ms,
        door=it.door,
        location=it.node,
        caller=it.caller,
        direction=_DIRECTIONS[it.direction],
        detected=it.detected,
        action=_ACTIONS[it.action],
        enforced=it.enforced,
        category=it.category.value if it.category else BENIGN,
        severity=_SEVERITIES[it.severity],
        confidence=round(it.confidence, DIGITS),
        detection_time_ms=milliseconds(it.elapsed_ns),
        tiers=it.tiers,
        policy_version=it.policy_version,
        digest=it.digest,
        evidence=map(_evidence, it.evidence),
        degraded=[pb.Degraded(check=missed.check, reason=missed.reason) for missed in it.degraded],
        user_id=it.user,
        session_id=it.session,
        ip_address=it.address,
        cursor=it.cursor,
    )


def _evidence(it: Evidence) -> pb.Evidence:
    return pb.Evidence(
        rule_id=it.rule_id,
        category=it.category.value,
        severity=_SEVERITIES[it.severity],
        score=round(it.score, DIGITS),
        span=pb.Span(start=it.span.start, end=it.span.end),
        content=it.content,
        mention=it.mention,
        chain=it.chain,
    )


def milliseconds(elapsed_ns: int) -> float:
    """Milliseconds with the resolution of a microsecond."""
    return round(elapsed_ns / _NS_PER_MS, 3)


def _threat(detection: Detection) -> pb.Threat:
    decision, category = detection.decision, detection.category
    threat = pb.Threat(
        detected=detection.detected,
        confidence=round(decision.confidence, DIGITS),
        category=category.value if category else BENIGN,
        severity=_SEVERITIES[decision.severity],
    )
    # Most of all traffic: nothing was found, and nothing is opened.
    if decision.has_findings:
        findings = decision.findings
        threat.attack_vector.extend(attack_vector(findings))
        threat.findings.extend(map(_finding, findings))
    return threat


def _finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        category=finding.category.value,
        span=pb.Span(start=finding.span.start, end=finding.span.end),
        score=round(finding.score, DIGITS),
        severity=_SEVERITIES[finding.severity],
        rule_id=finding.rule_id,
        explanation=finding.explanation,
        chain=finding.chain,
        taxonomy=_taxonomy(finding.category),
        mention=finding.mention,
        content=finding.content,
        entity=finding.entity,
    )


@lru_cache(maxsize=len(Category))
def _taxonomy(category: Category) -> pb.Taxonomy:
    entry = TAXONOMY[category]
    return pb.Taxonomy(
        owasp_llm=entry.owasp_llm,
        owasp_agentic=entry.owasp_agentic,
        atlas=entry.atlas,
        cwe=entry.cwe,
    )


def _explain(decision: Decision) -> pb.Explanation:
    return pb.Explanation(
        reasoning="; ".join(decision.reasons),
        features=features(decision),
        alternatives=alternatives(decision),
    )
