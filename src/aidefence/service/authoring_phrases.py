"""Rules whose conditions are in natural language, each read in one meaning."""

from __future__ import annotations

from dataclasses import replace

from aidefence.domain.errors import SettingError
from aidefence.policy.explaining import Example
from aidefence.policy.image import PRIORITY_MAX
from aidefence.policy.phrases.proposing import propose
from aidefence.policy.phrases.reading import (
    Ambiguous,
    Refused,
    Understood,
    examples_of,
    read_phrase,
)
from aidefence.policy.tree import Rule
from aidefence.service.authoring import OpenProposer, RuleWish, UnreadError

CONDITION_CODE_POINTS_MAX = 4_000
ID_CODE_POINTS_MAX = 100


def rule_of(at: int, wish: RuleWish, asking: OpenProposer | None) -> Rule:
    """Read the rule at a place in a list; what the grammar does not understand, a model may read.

    Raises:
        UnreadError: its condition is not understood, or in several ways.
        SettingError: it is out of bounds.

    """
    place = f"rules/{at}"
    if not 0 < len(wish.id) <= ID_CODE_POINTS_MAX:
        raise SettingError(f"{place}/id", f"expected 1 to {ID_CODE_POINTS_MAX} characters")
    if not 0 <= wish.priority <= PRIORITY_MAX:
        raise SettingError(f"{place}/priority", f"expected 0 to {PRIORITY_MAX}")
    if len(wish.condition) > CONDITION_CODE_POINTS_MAX:
        raise SettingError(
            f"{place}/condition", f"expected at most {CONDITION_CODE_POINTS_MAX} characters"
        )
    rule = _read(wish, f"/{place}/condition", asking)
    return replace(rule, id=wish.id, because=wish.condition, priority=wish.priority)


def _read(wish: RuleWish, place: str, asking: OpenProposer | None) -> Rule:
    outcome = read_phrase(wish.condition, action=wish.action, rule_id=wish.id)
    if isinstance(outcome, Ambiguous):
        readings = tuple(it.pdl for it in outcome.readings)
        raise UnreadError(place, f"it may mean {len(readings)} things: say which", readings)
    if isinstance(outcome, Refused) and asking is not None:
        raise _proposed(wish, place, outcome, asking)
    if isinstance(outcome, Refused):
        nearest = f"; near to it is {', '.join(outcome.nearest)}" if outcome.nearest else ""
        raise UnreadError(place, f"column {outcome.column}: {outcome.message}{nearest}")
    rule = outcome.reading.rule
    if rule.action is not wish.action:
        reason = f"it says `{rule.action.value}`, and `action` says `{wish.action.value}`"
        raise UnreadError(place, reason, (outcome.reading.pdl,))
    return rule


def _proposed(wish: RuleWish, place: str, refused: Refused, asking: OpenProposer) -> UnreadError:
    """Hand back what a model reads in a condition: its author sees it before anything is kept."""
    with asking() as proposer:
        outcome = propose(wish.condition, proposer, rule_id=wish.id)
    if not isinstance(outcome, Understood):
        told = outcome.message if isinstance(outcome, Refused) else "it may mean several things"
        return UnreadError(place, f"column {refused.column}: {refused.message}; {told}")
    reading = outcome.reading
    shown = "; ".join(_shown(it) for it in examples_of(reading))
    reason = (
        f"a language model reads it so: {reading.paraphrase} For example: {shown}. If that is "
        "what you mean, send what stands behind `when` in its place, or the rule in a `source`"
    )
    return UnreadError(place, reason, (reading.pdl,))


def _shown(example: Example) -> str:
    told = ", ".join(f"{name} = {value}" for name, value in example.facts.items())
    return f"{example.action.value} where {told or 'nothing is told'}"
