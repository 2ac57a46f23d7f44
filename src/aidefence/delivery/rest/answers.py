"""From detections to the contract's responses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import UNSET

from aidefence.delivery.rest.wire import (
    Aggregates,
    DetectResponse,
    Explanation,
    Metadata,
    Threat,
    WireAllowed,
    WireDegraded,
    WireFinding,
    WireSpan,
    WireTaxonomy,
    WireTiming,
)
from aidefence.domain.enums import Category
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.service.telling import (
    BENIGN,
    DIGITS,
    alternatives,
    attack_vector,
    core_action,
    features,
)

if TYPE_CHECKING:
    from aidefence.domain.asking import Detection
    from aidefence.domain.decision import Decision
    from aidefence.domain.verdict import Finding

_NS_PER_MS = 1_000_000
_NS_PER_US = 1_000


def answer(
    detection: Detection,
    request_id: str,
    elapsed_ns: int,
    metadata: Metadata,
    *,
    explain: bool = False,
    core_actions: bool = False,
) -> DetectResponse:
    """Write the response to one request."""
    decision, action = detection.decision, detection.action
    if core_actions:
        action = core_action(action)
    return DetectResponse(
        request_id=request_id,
        detection_time=milliseconds(elapsed_ns),
        threat=_threat(detection),
        verdict="attack" if detection.detected else "benign",
        action=action.value,
        enforced=detection.enforced,
        tiers=decision.tiers,
        timings=tuple(
            WireTiming(timing.step, timing.nanoseconds / _NS_PER_US) for timing in decision.timings
        ),
        truncated=False,
        degraded=tuple(WireDegraded(it.check, it.reason) for it in detection.degraded),
        metadata=metadata,
        explanation=_explain(decision) if explain else UNSET,
        allowed_by=_allowed(decision) or UNSET,
    )


def aggregate(detections: Sequence[Detection], elapsed_ns: int) -> Aggregates:
    """Sum up a batch."""
    threats = [detection for detection in detections if detection.detected]
    by_category = dict.fromkeys(
        (detection.category for detection in threats if detection.category), 0
    )
    for detection in threats:
        if detection.category:
            by_category[detection.category] += 1
    confidence = sum(detection.decision.confidence for detection in detections)
    return Aggregates(
        total_threats=len(threats),
        threats_by_category={category.value: count for category, count in by_category.items()},
        average_confidence=round(confidence / max(1, len(detections)), DIGITS),
        processing_time=milliseconds(elapsed_ns),
    )


def milliseconds(elapsed_ns: int) -> float:
    """Milliseconds with the resolution of a microsecond."""
    return round(elapsed_ns / _NS_PER_MS, 3)


def _threat(detection: Detection) -> Threat:
    decision = detection.decision
    if not decision.has_findings:
        return _bare_threat(detection)
    findings = decision.findings
    return Threat(
        detected=detection.detected,
        confidence=round(decision.confidence, DIGITS),
        category=detection.category.value if detection.category else BENIGN,
        severity=decision.severity.value,
        attack_vector=attack_vector(findings),
        findings=tuple(map(_finding, findings)),
    )


def _bare_threat(detection: Detection) -> Threat:
    """Most of all traffic: nothing was found, and little has to be made."""
    decision, category = detection.decision, detection.category
    return Threat(
        detection.detected,
        round(decision.confidence, DIGITS),
        category.value if category else BENIGN,
        decision.severity.value,
        (),
        (),
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


def _explain(decision: Decision) -> Explanation:
    return Explanation("; ".join(decision.reasons), features(decision), alternatives(decision))
