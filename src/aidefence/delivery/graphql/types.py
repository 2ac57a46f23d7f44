"""What is told of a detection."""

from __future__ import annotations

from functools import lru_cache

import strawberry

from aidefence.delivery.graphql.inputs import Asked
from aidefence.domain.answer import AnswerCheck
from aidefence.domain.answer import AnswerReport as Noticed
from aidefence.domain.asking import Detection as Found
from aidefence.domain.content import Degraded as Missed
from aidefence.domain.content import Span as Place
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.domain.verdict import Finding as Evidence
from aidefence.service.services import Services
from aidefence.service.telling import (
    DIGITS,
    alternatives,
    attack_vector,
    core_action,
    features,
)

_NS_PER_MS = 1_000_000
_NS_PER_US = 1_000


@strawberry.type(description="Code points in the inspected content, half-open.")
class Span:
    start: int
    end: int


@strawberry.type(description="Numbers in public catalogues.")
class Taxonomy:
    owasp_llm: list[str]
    owasp_agentic: list[str]
    atlas: list[str]
    cwe: list[str]


@strawberry.type(description="One piece of evidence; `content` says in which message or part.")
class Finding:
    category: Category
    span: Span
    score: float
    severity: Severity
    rule_id: str
    explanation: str
    chain: list[str]
    taxonomy: Taxonomy
    mention: bool
    content: int
    entity: str | None


@strawberry.type(description="What was found; without a category it is taken for benign.")
class Threat:
    detected: bool
    confidence: float
    category: Category | None
    severity: Severity
    attack_vector: list[str]
    findings: list[Finding]


@strawberry.type(description="How long one step took.")
class Timing:
    step: str
    microseconds: float


@strawberry.type(description="A check that did not run, and why.")
class Degraded:
    check: str
    reason: str


@strawberry.type(description="The highest score of a rule that found something.")
class Feature:
    rule_id: str
    score: float


@strawberry.type(description="Why, in words and numbers.")
class Explanation:
    reasoning: str
    features: list[Feature]
    alternatives: list[str]


@strawberry.type(description="A finding that an allow list took out.")
class Allowed:
    entry: str
    rule_id: str
    span: Span
    content: int


@strawberry.type(description="What speaks here, and in which version.")
class Version:
    name: str
    version: str


@strawberry.type(description="Something a check noticed about an answer; only some `flags`.")
class Remark:
    check: AnswerCheck
    span: Span
    score: float
    explanation: str
    flags: bool


@strawberry.type(description="What more was noticed about an answer of a model.")
class AnswerReport:
    remarks: list[Remark]
    prompt_leak: float | None = strawberry.field(
        description="How much of the system prompt it tells, 0 to 1."
    )
    refused: bool | None
    language: str | None
    support: float | None = strawberry.field(
        description="How much of it stands in the context, word by word, 0 to 1."
    )


@strawberry.type(description="The answer to one request.")
class Detection:
    request_id: strawberry.ID = strawberry.field(description="Our name for the request.")
    id: str | None = strawberry.field(description="The client's own name for it.")
    detection_time: float = strawberry.field(description="In milliseconds.")
    threat: Threat
    detected: bool
    action: Action
    enforced: bool = strawberry.field(description="Whether the action is really applied.")
    tiers: list[int]
    timings: list[Timing]
    truncated: bool = strawberry.field(description="Never true: nothing is cut off.")
    degraded: list[Degraded]
    policy_version: str
    allowed_by: list[Allowed]
    answer: AnswerReport | None = strawberry.field(description="Only for a request with `answers`.")
    found: strawberry.Private[Decision]

    @strawberry.field(description="Why, in words and numbers.")
    def explanation(self) -> Explanation:
        """Made only for those who ask."""
        scores = features(self.found)
        return Explanation(
            reasoning="; ".join(self.found.reasons),
            features=[Feature(rule_id=rule, score=score) for rule, score in scores.items()],
            alternatives=list(alternatives(self.found)),
        )


@strawberry.type(description="What is wrong with one field; the pointer leads into the input.")
class FieldProblem:
    pointer: str
    detail: str


@strawberry.type(description="Why one request among many was not carried out.")
class Problem:
    code: str
    detail: str
    fields: list[FieldProblem]


@strawberry.type(description="What became of one request among many: either is there.")
class DetectOutcome:
    id: str | None
    detection: Detection | None = None
    problem: Problem | None = None


@strawberry.type(description="How many of a batch were taken for a category.")
class CategoryCount:
    category: Category
    count: int


@strawberry.type(description="Sums over those of a batch that were inspected.")
class Aggregates:
    total_threats: int
    threats_by_category: list[CategoryCount]
    average_confidence: float
    processing_time: float


@strawberry.type(description="The answers to a batch, in the order of its requests.")
class Batch:
    batch_id: strawberry.ID
    total_requests: int
    processed_requests: int
    results: list[DetectOutcome]
    aggregates: Aggregates


@strawberry.type(description="What answers here.")
class Installation:
    node: str
    policy_version: str
    versions: list[Version]
    degraded: list[Degraded] = strawberry.field(description="Checks that never run here.")


def tell_detection(asked: Asked, request_id: str, found: Found, elapsed_ns: int) -> Detection:
    """Say what was decided about one request."""
    decision = found.decision
    return Detection(
        request_id=strawberry.ID(request_id),
        id=asked.name,
        detection_time=milliseconds(elapsed_ns),
        threat=_threat(found),
        detected=found.detected,
        action=core_action(found.action) if asked.core_actions else found.action,
        enforced=found.enforced,
        tiers=list(decision.tiers),
        timings=[
            Timing(step=it.step, microseconds=it.nanoseconds / _NS_PER_US)
            for it in decision.timings
        ],
        truncated=False,
        degraded=tell_degraded(found.degraded),
        policy_version=decision.policy_version,
        allowed_by=[
            Allowed(entry=it.entry, rule_id=it.rule_id, span=tell_span(it.span), content=it.content)
            for it in decision.allowed_by
        ],
        answer=None if found.report is None else _report(found.report),
        found=decision,
    )


def _report(report: Noticed) -> AnswerReport:
    leak, language, support = report.prompt_leak, report.language, report.support
    return AnswerReport(
        remarks=[
            Remark(
                check=it.check,
                span=tell_span(it.span),
                score=round(it.score, DIGITS),
                explanation=it.explanation,
                flags=it.flags,
            )
            for it in report.remarks
        ],
        prompt_leak=None if leak is None else round(leak.share, DIGITS),
        refused=report.refused,
        language=None if language is None else language.code,
        support=None if support is None else round(support.score, DIGITS),
    )


def tell_installation(services: Services) -> Installation:
    """Say what answers here."""
    inspector = services.desk.standing.inspector
    return Installation(
        node=services.node,
        policy_version=inspector.policy_version,
        versions=[Version(name=name, version=it) for name, it in services.versions.items()],
        degraded=tell_degraded(inspector.standing),
    )


def tell_degraded(missed: tuple[Missed, ...]) -> list[Degraded]:
    """Say which checks did not run."""
    return [Degraded(check=it.check, reason=it.reason) for it in missed]


def tell_span(span: Place) -> Span:
    """Say where something stands."""
    return Span(start=span.start, end=span.end)


def milliseconds(elapsed_ns: int) -> float:
    """Milliseconds with the resolution of a microsecond."""
    return round(elapsed_ns / _NS_PER_MS, 3)


def _threat(found: Found) -> Threat:
    decision = found.decision
    # Most of all traffic: nothing was found, and nothing is opened.
    findings = decision.findings if decision.has_findings else ()
    return Threat(
        detected=found.detected,
        confidence=round(decision.confidence, DIGITS),
        category=found.category,
        severity=decision.severity,
        attack_vector=list(attack_vector(findings)),
        findings=[_finding(it) for it in findings],
    )


def _finding(finding: Evidence) -> Finding:
    return Finding(
        category=finding.category,
        span=tell_span(finding.span),
        score=round(finding.score, DIGITS),
        severity=finding.severity,
        rule_id=finding.rule_id,
        explanation=finding.explanation,
        chain=list(finding.chain),
        taxonomy=_taxonomy(finding.category),
        mention=finding.mention,
        content=finding.content,
        entity=finding.entity,
    )


@lru_cache(maxsize=len(Category))
def _taxonomy(category: Category) -> Taxonomy:
    entry = TAXONOMY[category]
    return Taxonomy(
        owasp_llm=list(entry.owasp_llm),
        owasp_agentic=list(entry.owasp_agentic),
        atlas=list(entry.atlas),
        cwe=list(entry.cwe),
    )
