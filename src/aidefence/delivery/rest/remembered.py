"""What is remembered of a request, as it travels: for looking back, for the feed, for reviews."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from aidefence.delivery.rest.wire import ActionName, SeverityName, WireDegraded, WireSpan
from aidefence.domain.episode import Episode
from aidefence.domain.refusals import NotFoundError
from aidefence.service.telling import BENIGN, DIGITS

_UseCase = TypeVar("_UseCase")


class WireEvidence(Struct, frozen=True, gc=False, rename="camel"):
    """One finding as it is remembered; never the text."""

    rule_id: str
    category: str
    severity: SeverityName
    score: float
    span: WireSpan
    content: int
    mention: bool
    chain: tuple[str, ...]


class WireEpisode(Struct, frozen=True, gc=False, rename="camel"):
    """What was decided about a request, without its content. `timestamp` is in Unix milliseconds.

    `digest` names the content: equal contents of this installation have equal digests.
    """

    request_id: str
    timestamp: int
    door: str
    location: str
    caller: str
    direction: str
    detected: bool
    verdict: str
    action: ActionName
    enforced: bool
    category: str
    severity: SeverityName
    confidence: float
    microseconds: float
    tiers: tuple[int, ...]
    policy_version: str
    digest: str
    findings: tuple[WireEvidence, ...]
    degraded: tuple[WireDegraded, ...]
    user_id: str | None
    session_id: str | None


def there(use_case: _UseCase | None) -> _UseCase:
    """Give a use case without which the route would not be there."""
    if use_case is None:
        raise NotFoundError("this installation does not keep that")
    return use_case


def tell_episode(it: Episode) -> WireEpisode:
    """Tell what is remembered of a request."""
    return WireEpisode(
        request_id=it.id,
        timestamp=it.at_ms,
        door=it.door,
        location=it.node,
        caller=it.caller,
        direction=it.direction.value,
        detected=it.detected,
        verdict="attack" if it.detected else "benign",
        action=it.action.value,
        enforced=it.enforced,
        category=it.category.value if it.category else BENIGN,
        severity=it.severity.value,
        confidence=round(it.confidence, DIGITS),
        microseconds=it.elapsed_ns / 1000,
        tiers=it.tiers,
        policy_version=it.policy_version,
        digest=it.digest,
        findings=tuple(
            WireEvidence(
                rule_id=found.rule_id,
                category=found.category.value,
                severity=found.severity.value,
                score=round(found.score, DIGITS),
                span=WireSpan(found.span.start, found.span.end),
                content=found.content,
                mention=found.mention,
                chain=found.chain,
            )
            for found in it.evidence
        ),
        degraded=tuple(WireDegraded(missed.check, missed.reason) for missed in it.degraded),
        user_id=it.user,
        session_id=it.session,
    )
