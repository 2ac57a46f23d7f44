"""Words and numbers that GraphQL does not have of its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import EnumMeta
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from aidefence.domain.answer import AnswerCheck
from aidefence.domain.asking import Detector, Priority
from aidefence.domain.enums import Action, Category, Direction, Origin, Severity
from aidefence.domain.feedback import FeedbackSource, GroundTruth, Outcome
from aidefence.domain.policy_store import (
    DeploymentState,
    Environment,
    Strategy,
    VerificationState,
)
from aidefence.domain.review import ReviewReason, ReviewState
from aidefence.domain.windows import Window
from aidefence.service.policies import PolicyStatus
from aidefence.service.rollouts import Sync

Long = NewType("Long", int)
Json = NewType("Json", object)

_LONG_MAX = (1 << 53) - 1


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LONG_MAX:
        raise ValueError(f"expected a whole number from {-_LONG_MAX} to {_LONG_MAX}")
    return value


SCALARS: Mapping[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long",
        description="A whole number that every client can hold: timestamps and cursors.",
        serialize=_whole,
        parse_value=_whole,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Whatever JSON holds.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
    ),
}

_ENUMS: Mapping[EnumMeta, str] = {
    Action: "What policy says to do, rising in weight.",
    AnswerCheck: "What is looked at in an answer beside what it says.",
    Category: "What kind of attack or leak a finding speaks of.",
    DeploymentState: "What became of a deployment.",
    Detector: "Detectors that a client may name.",
    Direction: "Whether a text is on its way to the model or comes from it.",
    Environment: "What a node is for; a deployment reaches the nodes of one of these.",
    FeedbackSource: "How a word about a decision came in.",
    GroundTruth: "What a content really was.",
    Origin: "Where a text comes from, which decides how much it may command.",
    Outcome: "What a decision was worth, seen from what the content really was.",
    PolicyStatus: "How a version stands, in one word.",
    Priority: "What is served first when not all can be.",
    ReviewReason: "Why a person is asked.",
    ReviewState: "How far a case is.",
    Severity: "How much harm a true finding would do, rising.",
    Strategy: "How a version comes into force.",
    Sync: "How far a node is behind what was deployed.",
    VerificationState: "How far the proofs of a version are.",
    Window: "How far back one looks.",
}
for _words, _description in _ENUMS.items():
    # The sets are closed in the domain; here they only get a line of description.
    strawberry.enum(_words, description=_description)
