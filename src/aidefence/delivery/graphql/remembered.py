"""What is told of the past: requests, threats, feedback, reviews, windows."""

from __future__ import annotations

import strawberry

from aidefence.delivery.graphql.scalars import Long
from aidefence.delivery.graphql.types import (
    CategoryCount,
    Degraded,
    Span,
    milliseconds,
    tell_degraded,
    tell_span,
)
from aidefence.domain import episode as past
from aidefence.domain import feedback as words
from aidefence.domain import review as cases
from aidefence.domain import windows
from aidefence.domain.enums import Action, Category, Direction, Severity
from aidefence.service.telling import DIGITS


@strawberry.type(description="One finding, as it is remembered: where and which rule.")
class Evidence:
    rule_id: str
    category: Category
    severity: Severity
    score: float
    span: Span
    content: int
    mention: bool
    chain: list[str]


@strawberry.type(description="The memory of one inspection. The content stays a digest.")
class Episode:
    id: strawberry.ID
    at: Long = strawberry.field(description="Unix time in milliseconds.")
    door: str
    location: str
    caller: str
    direction: Direction
    detected: bool
    action: Action
    enforced: bool
    category: Category | None
    severity: Severity
    confidence: float
    detection_time: float = strawberry.field(description="In milliseconds.")
    tiers: list[int]
    policy_version: str
    digest: str
    evidence: list[Evidence]
    degraded: list[Degraded]
    user: str | None
    session: str | None
    address: str | None
    cursor: Long


@strawberry.type(description="Threats, oldest first, and where to go on reading.")
class ThreatPage:
    threats: list[Episode]
    cursor: Long


@strawberry.type(description="One word about one decision.")
class Feedback:
    id: strawberry.ID
    at: Long
    by: str
    source: words.FeedbackSource
    ground_truth: words.GroundTruth
    outcome: words.Outcome
    request_id: strawberry.ID


@strawberry.type(description="A word that is kept; `new` is false if it was kept before.")
class GivenFeedback:
    feedback: Feedback
    new: bool


@strawberry.type(description="What somebody wrote about a case.")
class Comment:
    by: str
    at: Long
    text: str


@strawberry.type(description="One decision in the queue for people.")
class ReviewCase:
    id: strawberry.ID
    reason: cases.ReviewReason
    state: cases.ReviewState
    opened: Long
    due: Long
    overdue: bool
    episode: Episode
    claimed_by: str | None
    claimed_until: Long | None
    settled_by: str | None
    settled: Long | None
    comments: list[Comment]


@strawberry.type(description="How full the queue is.")
class QueueState:
    open: int
    claimed: int
    overdue: int
    oldest: Long | None


@strawberry.type(description="One point of a time series.")
class Point:
    at: Long
    value: float


@strawberry.type(description="Decisions a second.")
class Throughput:
    current: float
    average: float
    peak: float
    timeseries: list[Point]


@strawberry.type(description="Milliseconds of inspection.")
class Latency:
    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    timeseries: list[Point]


@strawberry.type(description="How often one category was right.")
class CategoryAccuracy:
    category: Category
    accuracy: float


@strawberry.type(description="What feedback says about the window's decisions.")
class Accuracy:
    overall: float | None
    by_category: list[CategoryAccuracy]
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int


@strawberry.type(description="How many decisions had an action.")
class ActionCount:
    action: Action
    count: int


@strawberry.type(description="How many decisions left through a door.")
class DoorCount:
    door: str
    count: int


@strawberry.type(description="One window of time, summed up.")
class Metrics:
    window: windows.Window
    at: Long
    decisions: int
    throughput: Throughput
    latency: Latency
    accuracy: Accuracy
    actions: list[ActionCount]
    categories: list[CategoryCount]
    doors: list[DoorCount]


def tell_episode(it: past.Episode) -> Episode:
    """Say what is remembered of a request."""
    return Episode(
        id=strawberry.ID(it.id),
        at=Long(it.at_ms),
        door=it.door,
        location=it.node,
        caller=it.caller,
        direction=it.direction,
        detected=it.detected,
        action=it.action,
        enforced=it.enforced,
        category=it.category,
        severity=it.severity,
        confidence=round(it.confidence, DIGITS),
        detection_time=milliseconds(it.elapsed_ns),
        tiers=list(it.tiers),
        policy_version=it.policy_version,
        digest=it.digest,
        evidence=[_evidence(found) for found in it.evidence],
        degraded=tell_degraded(it.degraded),
        user=it.user,
        session=it.session,
        address=it.address,
        cursor=Long(it.cursor),
    )


def tell_page(page: past.FeedPage) -> ThreatPage:
    """Say which threats came in."""
    threats = [tell_episode(it) for it in page.episodes]
    return ThreatPage(threats=threats, cursor=Long(page.cursor))


def tell_feedback(it: words.Feedback) -> Feedback:
    """Say what somebody said about a request."""
    return Feedback(
        id=strawberry.ID(it.id),
        at=Long(it.at_ms),
        by=it.by,
        source=it.source,
        ground_truth=it.truth,
        outcome=it.outcome,
        request_id=strawberry.ID(it.episode.id),
    )


def tell_case(it: cases.ReviewCase, now_ms: int) -> ReviewCase:
    """Say how a case stands."""
    return ReviewCase(
        id=strawberry.ID(it.id),
        reason=it.reason,
        state=it.state,
        opened=Long(it.opened_ms),
        due=Long(it.due_ms),
        overdue=it.overdue(now_ms),
        episode=tell_episode(it.episode),
        claimed_by=it.claimed_by,
        claimed_until=Long(it.claimed_until_ms) if it.claimed_by else None,
        settled_by=it.settled_by,
        settled=Long(it.settled_ms) if it.settled_by else None,
        comments=[Comment(by=said.by, at=Long(said.at_ms), text=said.text) for said in it.comments],
    )


def tell_queue(it: cases.QueueState) -> QueueState:
    """Say how full the queue is."""
    oldest = None if it.oldest_ms is None else Long(it.oldest_ms)
    return QueueState(open=it.open, claimed=it.claimed, overdue=it.overdue, oldest=oldest)


def tell_metrics(it: windows.WindowMetrics) -> Metrics:
    """Say what a window comes to."""
    flow, late, right = it.throughput, it.latency, it.accuracy
    return Metrics(
        window=it.window,
        at=Long(it.at_ms),
        decisions=it.decisions,
        throughput=Throughput(
            current=flow.current,
            average=flow.average,
            peak=flow.peak,
            timeseries=_points(flow.timeseries),
        ),
        latency=Latency(
            p50=late.p50,
            p95=late.p95,
            p99=late.p99,
            p999=late.p999,
            timeseries=_points(late.timeseries),
        ),
        accuracy=Accuracy(
            overall=right.overall,
            by_category=[
                CategoryAccuracy(category=name, accuracy=share)
                for name, share in right.by_category.items()
            ],
            true_positives=right.true_positives,
            false_positives=right.false_positives,
            true_negatives=right.true_negatives,
            false_negatives=right.false_negatives,
        ),
        actions=[ActionCount(action=name, count=count) for name, count in it.actions.items()],
        categories=[
            CategoryCount(category=name, count=count) for name, count in it.categories.items()
        ],
        doors=[DoorCount(door=name, count=count) for name, count in it.doors.items()],
    )


def _evidence(it: past.Evidence) -> Evidence:
    return Evidence(
        rule_id=it.rule_id,
        category=it.category,
        severity=it.severity,
        score=round(it.score, DIGITS),
        span=tell_span(it.span),
        content=it.content,
        mention=it.mention,
        chain=list(it.chain),
    )


def _points(series: windows.Series) -> list[Point]:
    return [Point(at=Long(at), value=value) for at, value in series]
