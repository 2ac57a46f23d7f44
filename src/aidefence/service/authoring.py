"""From what somebody writes to what can be proved and deployed: rules or source in, image out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TypeAlias

from aidefence.domain.enums import Action
from aidefence.domain.errors import AIDefenceError, SettingError
from aidefence.policy.compiling import Compiled, compile_tree
from aidefence.policy.explaining import Example
from aidefence.policy.formatting import format_source
from aidefence.policy.image import PRIORITY_MAX, RULES_MAX, Image
from aidefence.policy.paraphrase import paraphrase
from aidefence.policy.parsing import parse
from aidefence.policy.phrases.proposing import propose
from aidefence.policy.phrases.reading import (
    Ambiguous,
    Refused,
    Understood,
    examples_of,
    read_phrase,
)
from aidefence.policy.properties import Property, property_of
from aidefence.policy.tree import (
    Claim,
    Default,
    Header,
    Item,
    OnError,
    Prove,
    Rule,
    Source,
)
from aidefence.ports.proposing import Proposer

OpenProposer: TypeAlias = Callable[[], AbstractContextManager[Proposer]]
"""Opens a model that proposes, for as long as it is asked."""
CONDITION_CODE_POINTS_MAX = 4_000
ID_CODE_POINTS_MAX = 100
_FILE = "source"
_USUAL: tuple[Item, ...] = (Prove(Claim.ALL_LIVE), Prove(Claim.NO_CONFLICT))


class UnreadError(AIDefenceError):
    """A condition in natural language is not understood, or in more ways than one.

    `place` leads to it in what was handed in; `readings` are all rules that it may stand for.
    """

    def __init__(self, place: str, reason: str, readings: tuple[str, ...] = ()) -> None:
        super().__init__(f"`{place}`: {reason}")
        self.place = place
        self.reason = reason
        self.readings = readings


@dataclass(frozen=True, slots=True)
class RuleWish:
    """One rule whose condition is in natural language, or in that of policies."""

    id: str
    condition: str
    action: Action
    priority: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What a version is made of."""

    source: str
    image: Image
    properties: bytes


def draft_source(text: str) -> Draft:
    """Compile the source of a policy; one that claims nothing gets the usual claims.

    Raises:
        PolicyError: it is no policy; says where and what was expected.

    """
    source = parse(text, file=_FILE)
    if not any(isinstance(it, Prove) for it in source.items):
        # What is not claimed cannot be proved: at least no rule shall be dead or in conflict.
        source = replace(source, items=(*source.items, *_USUAL))
        text = format_source(source)
    return _drafted(text, compile_tree(source))


def draft_rules(
    name: str, version: int, rules: Sequence[RuleWish], asking: OpenProposer | None = None
) -> Draft:
    """Write the source of rules, each of which is read in one meaning, and compile it.

    What the grammar does not understand, a model that proposes may read: its reading is handed
    back with a paraphrase and examples, for the author to send as his own; nothing comes of it
    here.

    Raises:
        UnreadError: a condition is not understood, or in several ways.
        SettingError: there are too many rules, or one is out of bounds.
        PolicyError: the rules make no policy, as when two have one id.
        UnavailableError: the model does not answer, or not so that it can be read.

    """
    if not 0 < len(rules) <= RULES_MAX:
        raise SettingError("rules", f"expected 1 to {RULES_MAX}")
    items = tuple(_rule(at, it, asking) for at, it in enumerate(rules))
    whole: tuple[Item, ...] = (Default(None), OnError(Action.BLOCK), *items, *_USUAL)
    text = format_source(Source(Header(name, version), whole))
    # Once through the text: what is kept is what was compiled.
    return _drafted(text, compile_tree(parse(text, file=_FILE)))


def sentences_of(source: str) -> tuple[str, ...]:
    """Say what a policy says, sentence by sentence; templates in their own words.

    Raises:
        PolicyError: it is none any more, as after a change of names.

    """
    return sentences_of_compiled(compile_tree(parse(source, file=_FILE)))


def sentences_of_compiled(compiled: Compiled) -> tuple[str, ...]:
    """Say what a compiled policy says, sentence by sentence."""
    items = (compiled.source.header, *(it.item for it in compiled.said))
    return tuple(paraphrase(it) for it in items if it is not None)


def read_properties(data: bytes, image: Image) -> tuple[Property, ...]:
    """Read the claims about an image, as a version keeps them.

    Raises:
        ImageError: they are none.

    """
    return tuple(property_of(it, image, f"/{at}") for at, it in enumerate(json.loads(data)))


def _drafted(text: str, compiled: Compiled) -> Draft:
    claims = [it.to_object() for it in compiled.properties]
    written = json.dumps(claims, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Draft(text, compiled.image, written.encode("utf-8"))


def _rule(at: int, wish: RuleWish, asking: OpenProposer | None) -> Rule:
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
