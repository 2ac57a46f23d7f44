"""What all doors say of a decision, each in a shape of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.asking import Detection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category
from aidefence.domain.verdict import Finding

BENIGN = "benign"
"""The category of what is taken for harmless."""
DIGITS = 6
"""Scores and confidences are told to so many places."""

# For clients that know only allow, flag and block: the nearest of these.
_CORE_ACTIONS: Mapping[Action, Action] = {Action.REDACT: Action.FLAG, Action.REVIEW: Action.BLOCK}


def core_action(action: Action) -> Action:
    """Give the nearest of allow, flag and block."""
    return _CORE_ACTIONS.get(action, action)


def attack_vector(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Name the kinds of attack, then the disguises they wear, each once."""
    kinds = (finding.category.value for finding in findings if not finding.mention)
    disguises = (f"encoding:{view}" for finding in findings for view in finding.chain)
    return tuple(dict.fromkeys((*kinds, *disguises)))


def features(decision: Decision) -> dict[str, float]:
    """Give the highest score of every rule that found something."""
    scores: dict[str, float] = {}
    for finding in decision.findings:
        scores.setdefault(finding.rule_id, round(finding.score, DIGITS))
    return scores


def alternatives(decision: Decision) -> tuple[str, ...]:
    """Name the categories that have evidence, too, beside the leading one."""
    others = (finding.category.value for finding in decision.findings)
    return tuple(dict.fromkeys(name for name in others if name != decision.category))


@dataclass(frozen=True, slots=True)
class Sums:
    """What a batch comes to."""

    threats: int
    by_category: Mapping[Category, int]
    average_confidence: float


def sum_up(detections: Sequence[Detection]) -> Sums:
    """Sum up a batch."""
    threats = [detection for detection in detections if detection.detected]
    by_category = Counter(it.category for it in threats if it.category is not None)
    confidence = sum(detection.decision.confidence for detection in detections)
    average = round(confidence / max(1, len(detections)), DIGITS)
    return Sums(len(threats), by_category, average)
