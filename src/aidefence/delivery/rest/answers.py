"""From detections to the contract's responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

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
    WirePiece,
    WireRemark,
    WireSpan,
    WireTalk,
    WireTaxonomy,
    WireTiming,
    WireTurn,
    WireWhole,
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
    from aidefence.domain.content import Span
    from aidefence.domain.conversation import Assembled, ConversationDecision
    from aidefence.domain.decision import Decision
    from aidefence.domain.verdict import Finding

_NS_PER_MS = 1_000_000
_NS_PER_US = 1_000
# Neither can stand in an answer otherwise.
_OPEN_ID = "\N{SYMBOL FOR SUBSTITUTE FORM TWO}"
_OPEN_NUMBER = -7.25e77
_FormKey: TypeAlias = tuple[Action, Category | None, bool, bool, int, int]

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Manner:
    """How answers are written: with whose name, and with how much in them."""

    metadata: msgspec.Raw
    name: str | None = None
    explain: bool = False
    core_actions: bool = False
    forms: dict[_FormKey, bytes] = field(default_factory=dict)
    """Answers without findings as far as they are the same, by what tells them apart."""

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing of its own about one answer."""
        return self.name is None and not (self.explain or self.core_actions)


def write(detection: Detection, request_id: str, elapsed_ns: int, manner: Manner) -> bytes:
    """Write the response to one request as JSON."""
    decision = detection.decision
    if (
        not decision.is_bare
        or detection.degraded
        or detection.report is not None
        or detection.talk is not None
        or decision.deep_ns
        or not manner.is_plain
    ):
        return _encode(answer(detection, request_id, elapsed_ns, manner))
    # Most of all traffic: nothing was found. Laying out an object to encode costs ten times more.
    record, detected, enforced = decision.record, detection.detected, detection.enforced
    key = (detection.action, detection.category, detected, enforced, record[2], record[5])
    form = manner.forms.get(key) or _make_form(detection, manner, key)
    return form % (
        request_id.encode(),
        elapsed_ns / _NS_PER_MS,
        record[3],
        decision.elapsed_ns / _NS_PER_US,
    )


def answer(
    detection: Detection, request_id: str, elapsed_ns: int, manner: Manner
) -> DetectResponse:
    """Make the response to one request."""
    decision, report, talk = detection.decision, detection.report, detection.talk
    return DetectResponse(
        request_id=request_id,
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
        conversation=UNSET if talk is None else _talk(talk),
        id=UNSET if manner.name is None else manner.name,
    )


def tell_findings(findings: Iterable[Finding]) -> tuple[WireFinding, ...]:
    """Tell of findings alone."""
    return tuple(map(_finding, findings))


def lay_out(detection: Detection, manner: Manner) -> tuple[str, str, str, str, str]:
    """Give one answer in pieces, around what differs from answer to answer.

    That is the id, the milliseconds, the confidence and the microseconds of the engine.
    """
    told = answer(detection, _OPEN_ID, 0, manner)
    threat = msgspec.structs.replace(told.threat, confidence=_OPEN_NUMBER)
    timings = (WireTiming("engine", _OPEN_NUMBER),)
    laid_out = _encode(
        msgspec.structs.replace(told, detection_time=_OPEN_NUMBER, threat=threat, timings=timings)
    ).decode()
    before, _, rest = laid_out.partition(_encode(_OPEN_ID).decode())
    first, second, third, last = rest.split(_encode(_OPEN_NUMBER).decode(), 3)
    return before, first, second, third, last


def _make_form(detection: Detection, manner: Manner, key: _FormKey) -> bytes:
    pieces = (it.replace("%", "%%") for it in lay_out(detection, manner))
    before, first, second, third, last = pieces
    form = f'{before}"%b"{first}%.3f{second}%.6f{third}%.3f{last}'.encode()
    manner.forms[key] = form
    return form


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
        span=_span(finding.span),
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
        WireAllowed(it.entry, it.rule_id, _span(it.span), it.content) for it in decision.allowed_by
    )


def _answer(report: AnswerReport) -> WireAnswer:
    leak, language, support = report.prompt_leak, report.language, report.support
    return WireAnswer(
        remarks=tuple(
            WireRemark(
                it.check.value,
                _span(it.span),
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


def _talk(talk: ConversationDecision) -> WireTalk:
    return WireTalk(
        risk=round(talk.risk, DIGITS),
        messages=tuple(
            WireTurn(it.path, it.action.value, it.category and it.category.value, it.quarantined)
            for it in talk.messages
        ),
        quarantined=tuple(it.path for it in talk.quarantined),
        assembled=tuple(_whole(it) for it in talk.assembled),
        reasons=talk.reasons,
    )


def _whole(it: Assembled) -> WireWhole:
    category = it.decision.category
    return WireWhole(
        how=it.how.value,
        category=None if category is None else category.value,
        confidence=round(it.decision.confidence, DIGITS),
        pieces=tuple(
            WirePiece(piece.turn, piece.index, piece.content, _span(piece.span))
            for piece in it.pieces
        ),
    )


def _span(span: Span) -> WireSpan:
    return WireSpan(span.start, span.end)


def _explain(decision: Decision) -> Explanation:
    return Explanation("; ".join(decision.reasons), features(decision), alternatives(decision))
