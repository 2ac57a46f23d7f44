"""Prove rules: every rule must catch its own texts and spare its near misses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Protocol

from aidefence.domain.enums import Direction, Origin

SCORE_MIN = 0.5
"""From this score on a finding counts as the rule speaking up."""

_OTHERS_MAX = 3

# The plain context first: a rule that is bound to some origin is tried where it may speak.
_CONTEXTS = tuple(
    sorted(
        product(Origin, Direction),
        key=lambda pair: (pair[1] is not Direction.INPUT, pair[0] is not Origin.USER),
    )
)


class Trial(StrEnum):
    """What a rule promised about a text."""

    CATCH = "catch"
    SPARE = "spare"


@dataclass(frozen=True, slots=True)
class TriedRule:
    """What a trial needs to know of a rule."""

    rule_id: str
    path: str
    catch: tuple[str, ...] = field(repr=False)
    spare: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that spoke up about a text."""

    rule_id: str
    score: float
    mention: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A promise that was not kept, and what happened instead."""

    rule: TriedRule
    trial: Trial
    text: str = field(repr=False)
    score: float
    """The rule's own best score, zero when it did not fire."""
    mention: bool
    """Whether that score was lowered because the text only mentions the attack."""
    others: tuple[FiredRule, ...]


class Looker(Protocol):
    """Says which rules fire on a text."""

    def fired(self, text: str, origin: Origin, direction: Direction) -> Sequence[FiredRule]:
        """Return rules that fire, strongest first."""


def try_rule(rule: TriedRule, looker: Looker) -> Iterable[Failure]:
    """Yield every promise of `rule` that it breaks."""
    contexts: dict[tuple[Origin, Direction], None] = {}
    for text in rule.catch:
        context = _where_caught(rule, text, looker)
        if context is None:
            yield _failure(rule, Trial.CATCH, text, looker.fired(text, *_CONTEXTS[0]))
        else:
            contexts[context] = None
    # A near miss proves nothing where the rule may not speak at all.
    for context in contexts or {_CONTEXTS[0]: None}:
        for text in rule.spare:
            fired = looker.fired(text, *context)
            if _best(rule, fired).score >= SCORE_MIN:
                yield _failure(rule, Trial.SPARE, text, fired)


def _where_caught(rule: TriedRule, text: str, looker: Looker) -> tuple[Origin, Direction] | None:
    for context in _CONTEXTS:
        if _best(rule, looker.fired(text, *context)).score >= SCORE_MIN:
            return context
    return None


def _failure(rule: TriedRule, trial: Trial, text: str, fired: Sequence[FiredRule]) -> Failure:
    own = _best(rule, fired)
    others = tuple(one for one in fired if one.rule_id != rule.rule_id)[:_OTHERS_MAX]
    return Failure(rule, trial, text, own.score, own.mention, others)


def _best(rule: TriedRule, fired: Sequence[FiredRule]) -> FiredRule:
    own = [one for one in fired if one.rule_id == rule.rule_id]
    return max(own, key=lambda one: one.score, default=FiredRule(rule.rule_id, 0.0, False))
