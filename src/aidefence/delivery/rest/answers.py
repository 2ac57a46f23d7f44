"""From detections to the contract's responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from aidefence.delivery.rest.wire import (
    Aggregates,
    DetectResponse,
    Explanation,
    Threat,
    WireAllowed,
    WireAnswer,
    WireDegraded,
    WireFinding,
    WireRemark,
    WireSpan,
    WireTaxonomy,
    WireTiming,
)
from aidefence.domain.enums import Action, Category
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.service.telling import (
    BENIGN,
    DIGITS,
    alternatives,
    attack_vector,
    core_action,
    features,
    sum_up,
)

if TYPE_CHECKING:
    from aidefence.domain.answer import AnswerReport
    from aidefence.domain.asking import Detection
    from aidefence.domain.decision import Decision
    from aidefence.domain.verdict import Finding

_NS_PER_MS = 1_000_000
_NS_PER_US = 1_000
_BOOL = {False: "false", True: "true"}

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Manner:
    """How an answer is written: in which name, and with how much of it."""

    request_id: str
    metadata: msgspec.Raw
    name: str | None = None
    explain: bool = False
    core_actions: bool = False


def write(detection: Detection, elapsed_ns: int, manner: Manner) -> bytes:
    """Write the response to one request as JSON."""
    bare = detection.decision.is_bare and not (detection.degraded or manner.explain)
    if bare and detection.report is None and manner.name is None:
        return _write_bare(detection, elapsed_ns, manner)
    return _encode(answer(detection, elapsed_ns, manner))


def answer(detection: Detection, elapsed_ns: int, manner: Manner) -> DetectResponse:
    """Make the response to one request."""
    decision, report = detection.decision, detection.report
    return DetectResponse(
        request_id=manner.request_id,
        detection_time=milliseconds(elapsed_ns),
        threat=_threat(detection),
        verdict="attack" if detection.detected else "benign",
        action=_action(detection, manner).value,
        enforced=detection.enforced,
        tiers=decision.tiers,
        timings=tuple(
            WireTiming(timing.step, timing.nanoseconds / _NS_PER_US) for timing in decision.timings
        ),
        truncated=False,
        degraded=tuple(WireDegraded(it.check, it.reason) for it in detection.degraded),
        metadata=manner.metadata,
        explanation=_explain(decision) if manner.explain else UNSET,
        allowed_by=_allowed(decision) or UNSET,
        answer=UNSET if report is None else _answer(report),
        id=UNSET if manner.name is None else manner.name,
    )


def tell_findings(findings: Iterable[Finding]) -> tuple[WireFinding, ...]:
    """Tell of findings alone."""
    return tuple(map(_finding, findings))


def _write_bare(detection: Detection, elapsed_ns: int, manner: Manner) -> bytes:
    """Most of all traffic: nothing was found. Laying out an object to encode costs more."""
    decision, category = detection.decision, detection.category
    timings = ",".join(
        f'{{"step":"{timing.step}","microseconds":{timing.nanoseconds / _NS_PER_US}}}'
        for timing in decision.timings
    )
    head = (
        f'{{"requestId":"{manner.request_id}","detectionTime":{milliseconds(elapsed_ns)},'
        f'"threat":{{"detected":{_BOOL[detection.detected]},'
        f'"confidence":{round(decision.confidence, DIGITS)},'
        f'"category":"{BENIGN if category is None else category.value}",'
        f'"severity":"{decision.severity.value}","attackVector":[],"findings":[]}},'
        f'"verdict":"{"attack" if detection.detected else "benign"}",'
        f'"action":"{_action(detection, manner).value}","enforced":{_BOOL[detection.enforced]},'
        f'"tiers":{list(decision.tiers)},"timings":[{timings}],"truncated":false,"degraded":[],'
        f'"metadata":'
    )
    return b"%b%b}" % (head.encode(), manner.metadata)


def _action(detection: Detection, manner: Manner) -> Action:
    return core_action(detection.action) if manner.core_actions else detection.action


def aggregate(detections: Sequence[Detection], elapsed_ns: int) -> Aggregates:
    """Sum up a batch."""
    sums = sum_up(detections)
    return Aggregates(
        total_threats=sums.threats,
        threats_by_category={name.value: count for name, count in sums.by_category.items()},
        average_confidence=sums.average_confidence,
        processing_time=milliseconds(elapsed_ns),
    )


def milliseconds(elapsed_ns: int) -> float:
    """Milliseconds with the resolution of a microsecond."""
    return round(elapsed_ns / _NS_PER_MS, 3)


def _threat(detection: Detection) -> Threat:
    decision = detection.decision
    findings = decision.findings
    return Threat(
        detected=detection.detected,
        confidence=round(decision.confidence, DIGITS),
        category=detection.category.value if detection.category else BENIGN,
        severity=decision.severity.value,
        attack_vector=attack_vector(findings),
        findings=tell_findings(findings),
    )


def _finding(finding: Finding) -> WireFinding:
    return WireFinding(
        category=finding.category.value,
        span=WireSpan(finding.span.start, finding.span.end),
        score=round(finding.score, DIGITS),
        severity=finding.severity.value,
        rule_id=finding.rule_id,
        explanation=finding.explanation,
        chain=finding.chain,
        taxonomy=_taxonomy(finding.category),
        mention=finding.mention,
        content=finding.content,
        entity=finding.entity,
    )


@lru_cache(maxsize=len(Category))
def _taxonomy(category: Category) -> WireTaxonomy:
    entry = TAXONOMY[category]
    return WireTaxonomy(entry.owasp_llm, entry.owasp_agentic, entry.atlas, entry.cwe)


def _allowed(decision: Decision) -> tuple[WireAllowed, ...]:
    return tuple(
        WireAllowed(it.entry, it.rule_id, WireSpan(it.span.start, it.span.end), it.content)
        for it in decision.allowed_by
    )


def _answer(report: AnswerReport) -> WireAnswer:
    leak, language, support = report.prompt_leak, report.language, report.support
    return WireAnswer(
        remarks=tuple(
            WireRemark(
                it.check.value,
                WireSpan(it.span.start, it.span.end),
                round(it.score, DIGITS),
                it.explanation,
                it.flags,
            )
            for it in report.remarks
        ),
        prompt_leak=None if leak is None else round(leak.share, DIGITS),
        refused=report.refused,
        language=None if language is None else language.code,
        support=None if support is None else round(support.score, DIGITS),
    )


def _explain(decision: Decision) -> Explanation:
    return Explanation("; ".join(decision.reasons), features(decision), alternatives(decision))
