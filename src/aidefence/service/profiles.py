"""What each ready-made profile would have decided about the same contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aidefence.domain.answer import CANARY_RULE, PROMPT_RULE
from aidefence.domain.asking import Detection
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import CATEGORIES, Action, Category, Direction, Profile
from aidefence.domain.lists import DENIED_PREFIX
from aidefence.domain.reading import single
from aidefence.policy.profiles import NEVER, Policy
from aidefence.service.inspect import Inspector

_OF_CHECKS = frozenset({CANARY_RULE, PROMPT_RULE})


@dataclass(frozen=True, slots=True)
class Weighed:
    """The decision under one profile; flag and block are the thresholds of its category."""

    profile: Profile
    in_force: bool
    action: Action
    enforced: bool
    category: Category | None
    confidence: float | None
    """None where no category reaches a threshold and nobody decided."""
    flag: float | None = None
    block: float | None = None


def weigh(inspector: Inspector, inspection: Inspection, detection: Detection) -> list[Weighed]:
    """Lay the thresholds of every profile over what the tiers are sure of.

    The profile in force keeps the decision that was made; nothing is asked twice but confidences.
    """
    confidences = [_confidences(inspector, it, inspection.direction) for it in inspection.contents]
    _raise_to_findings(confidences, detection)
    denied = any(it.rule_id.startswith(DENIED_PREFIX) for it in detection.decision.findings)
    weighed = []
    for profile, policy in inspector.policies.items():
        spoken = policy.of_answers() if inspection.direction is Direction.OUTPUT else policy
        confidence: float | None
        if profile is inspector.profile:
            action, category = detection.action, detection.category
            confidence = detection.decision.confidence
        else:
            action, category, confidence = _strictest(confidences, spoken)
            if denied:
                # A list is the operator's own word, whatever the profile.
                action, category = detection.decision.action, detection.category
        weighed.append(
            Weighed(
                profile,
                profile is inspector.profile,
                action,
                detection.enforced if profile is inspector.profile else policy.enforced,
                category,
                confidence,
                *_limits(spoken, category),
            )
        )
    return weighed


def _confidences(inspector: Inspector, content: Content, direction: Direction) -> list[float]:
    return list(inspector.confidences(content.text, content.origin.code, direction.code))


def _raise_to_findings(confidences: Sequence[list[float]], detection: Detection) -> None:
    """Count what checks found that know more than the text: planted markers, a told prompt."""
    for finding in detection.decision.findings:
        if finding.rule_id in _OF_CHECKS and confidences:
            of = confidences[min(finding.content, len(confidences) - 1)]
            code = finding.category.code
            of[code] = max(of[code], finding.score)


def _strictest(
    confidences: Sequence[Sequence[float]], policy: Policy
) -> tuple[Action, Category | None, float | None]:
    found = [_decide(of, policy) for of in confidences]
    return max(found, key=lambda it: (it[0].code, it[2] or 0.0), default=(Action.ALLOW, None, None))


def _decide(
    confidences: Sequence[float], policy: Policy
) -> tuple[Action, Category | None, float | None]:
    """The gravest action, and the surest category that asks for it, as the engine decides."""
    action, category, surest = Action.ALLOW, None, 0.0
    for code, confidence in enumerate(confidences):
        threshold = policy.thresholds[code]
        if confidence >= single(threshold.block):
            wanted = Action.BLOCK
        elif confidence >= single(threshold.flag):
            wanted = Action.FLAG
        else:
            continue
        if category is None or (wanted.code, confidence) > (action.code, surest):
            action, category, surest = wanted, CATEGORIES[code], confidence
    return action, category, None if category is None else surest


def _limits(policy: Policy, category: Category | None) -> tuple[float | None, float | None]:
    if category is None:
        return None, None
    threshold = policy.thresholds[category.code]
    return threshold.flag, None if threshold.block >= NEVER else threshold.block
