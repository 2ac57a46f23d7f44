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
from aidefence.policy.formatting import format_source
from aidefence.policy.image import RULES_MAX, Image
from aidefence.policy.paraphrase import paraphrase
from aidefence.policy.parsing import parse
from aidefence.policy.properties import Property, property_of
from aidefence.policy.tree import (
    Claim,
    Default,
    Header,
    Item,
    OnError,
    Prove,
    Source,
)
from aidefence.ports.proposing import Proposer

OpenProposer: TypeAlias = Callable[[], AbstractContextManager[Proposer]]
"""Opens a model that proposes, for as long as it is asked."""
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
    # Hardly any process is ever asked to read a phrase: what does is loaded for those that are.
    from aidefence.service.authoring_phrases import rule_of  # noqa: PLC0415

    items = tuple(rule_of(at, it, asking) for at, it in enumerate(rules))
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
