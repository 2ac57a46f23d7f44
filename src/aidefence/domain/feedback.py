"""What people say afterwards about a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.episode import Episode


class GroundTruth(StrEnum):
    """What a content really was."""

    ATTACK = "attack"
    BENIGN = "benign"


class Outcome(StrEnum):
    """What a decision was worth, seen from what the content really was."""

    TRUE_POSITIVE = "TP"
    FALSE_POSITIVE = "FP"
    TRUE_NEGATIVE = "TN"
    FALSE_NEGATIVE = "FN"

    @property
    def truth(self) -> GroundTruth:
        """What the content was, if this is so."""
        attack = self in {Outcome.TRUE_POSITIVE, Outcome.FALSE_NEGATIVE}
        return GroundTruth.ATTACK if attack else GroundTruth.BENIGN

    @property
    def detected(self) -> bool:
        """What the decision was, if this is so."""
        return self in {Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE}


def outcome_of(truth: GroundTruth, *, detected: bool) -> Outcome:
    """Say what a decision was worth."""
    if truth is GroundTruth.ATTACK:
        return Outcome.TRUE_POSITIVE if detected else Outcome.FALSE_NEGATIVE
    return Outcome.FALSE_POSITIVE if detected else Outcome.TRUE_NEGATIVE


class FeedbackSource(StrEnum):
    """How a word about a decision came in."""

    CALLER = "caller"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One word about one decision. A caller has one for each request; a later one replaces it."""

    id: str
    at_ms: int
    by: str
    source: FeedbackSource
    truth: GroundTruth
    outcome: Outcome
    episode: Episode
    """The decision itself, kept with the word: it outlives the episode in the store."""
    context: Mapping[str, object] = field(default_factory=dict, repr=False)
