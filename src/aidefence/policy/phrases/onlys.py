"""Reads what only some may do, or what may be done only then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from aidefence.domain.enums import Action
from aidefence.policy.phrases.chunks import UnreadableError
from aidefence.policy.phrases.joining import CALLED, all_of, is_call, of_calls, opposite
from aidefence.policy.phrases.parts import Place, kind_of
from aidefence.policy.phrases.pieces import CALLS, Sentence
from aidefence.policy.phrases.regions import readings_of
from aidefence.policy.phrases.said import (
    WHO,
    WHO_AND_WHEN,
    Said,
    as_called,
    limited_by,
    parted,
    readings_in,
    together,
)
from aidefence.policy.tree import And, Ask, Compare, Expression


def onlys(sentence: Sentence) -> Iterator[Said]:
    """`Only A may B`, `B only if A`: B is blocked unless A."""
    shape = sentence.shape
    actions = {it.value for it in sentence.core if it.letter == "A"}
    if shape.count("O") != 1 or set(shape) - set("ROYA") or len(actions) > 1:
        return
    acts, rights = _acts_and_rights(sentence)
    yield from _only_then(sentence)
    if actions and _is_either_only(sentence):
        pairs = (*product(acts, rights), *product(rights, acts))
        yield from (Said(Action.BLOCK, of_calls(all_of((a, opposite(b))) or b)) for a, b in pairs)
        return
    exceptions = [readings_in(it, Place.CONDITION) for it in sentence.exceptions]
    for when in _only_these(sentence, acts, rights):
        called = as_called(sentence, when)
        yield from (Said(Action.BLOCK, called, unless) for unless in product(*exceptions))


def _only_these(
    sentence: Sentence, acts: tuple[Expression, ...], rights: tuple[Expression, ...]
) -> Iterator[Expression]:
    """Give what is blocked where only some may do something."""
    conditions = [readings_in(it, Place.CONDITION) for it in sentence.conditions]
    if any(it.at > sentence.only("O").at for it in sentence.conditions):
        # `Admins may only pay if approved`: nothing but pay, or pay if nothing but approved?
        for acting in product(together(sentence.regions(), Place.OBJECT), *conditions):
            yield all_of((acting[0], *map(opposite, acting[1:]))) or acting[0]
    for right, *parts in product(rights, acts, *conditions):
        limited = limited_by(parts, right) if sentence.core[0].letter == "R" else None
        if limited is None:
            yield from _only_approved(parts, right)
        else:
            yield from (limited, all_of((*parts, opposite(right))) or right)


def _only_approved(parts: Sequence[Expression], right: Expression) -> Iterator[Expression]:
    """`Only approved payments may exceed $100` is about payments, not about all that may."""
    split = list(right.parts) if isinstance(right, And) else []
    calls = [it for it in split if is_call(it)]
    others = all_of(it for it in split if it not in calls)
    told = any(is_call(it) and not _is_argument(it) for it in parts)
    if not calls or others is None or told:
        yield all_of((*parts, opposite(right))) or right
        return
    yield all_of((*calls, *parts, opposite(others))) or right
    if not all(_is_argument(it) for it in parts):
        yield all_of((*parts, opposite(right))) or right


def _is_either_only(sentence: Sentence) -> bool:
    """Whether `only` may belong to who may, or to what they may."""
    at = sentence.shape.index("O")
    after = sentence.core[at + 1 : at + 2]
    first = next((it.sort for piece in after for it in piece.chunks if it.tag == "COND"), "")
    sorts = {it.sort for region in sentence.regions() for it in region.chunks if it.tag == "COND"}
    return first not in WHO and bool(sorts & WHO) and bool(sorts & CALLS) and sorts <= WHO | CALLS


def _only_then(sentence: Sentence) -> Iterator[Said]:
    """Let `only admins may pay at night` mean only they, and only then."""
    who = sentence.core.index(sentence.only("O")) + 1
    pieces = sentence.core[who : who + 3]
    if "".join(it.letter for it in pieces) != "RYR" or kind_of(pieces[2].chunks[-1].sort) != "time":
        return
    times, acts = parted(pieces[2], {"time"})
    if not times or not acts:
        return
    rights = product(readings_in(pieces[0], Place.OBJECT), readings_of(times, Place.CONDITION))
    for act, right in product(readings_of(acts, Place.OBJECT), rights):
        bound = all_of(right)
        if bound is not None:
            yield Said(Action.BLOCK, And((act, opposite(bound))))


def _acts_and_rights(
    sentence: Sentence,
) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    core = [it for it in sentence.core if it.letter != "A"]
    at = next(n for n, it in enumerate(core) if it.letter == "O")
    before = [it for it in core[:at] if it.letter == "R"]
    after = core[at + 1 :]
    letters = "".join(it.letter for it in after)
    if letters == "RYR":
        acts = [*before, after[2]]
        return together(acts, Place.OBJECT), readings_in(after[0], Place.OBJECT)
    regions = [it for it in after if it.letter == "R"]
    if len(regions) != 1:
        raise UnreadableError("it does not say what only they may do", core[at].at)
    only = regions[0]
    if before:
        return together(before, Place.OBJECT), readings_in(only, Place.OBJECT)
    who, rest = parted(only, WHO_AND_WHEN)
    if who and rest:
        return readings_of(rest, Place.OBJECT), readings_of(who, Place.OBJECT)
    if rest and all(kind_of(it.sort) == "tool" for it in rest if it.tag == "COND"):
        return (CALLED,), readings_of(rest, Place.OBJECT)
    raise UnreadableError("it does not say what only they may do", core[at].at)


def _is_argument(it: Expression) -> bool:
    return (
        isinstance(it, Compare)
        and isinstance(it.subject, Ask)
        and it.subject.name == "tool.argument"
    )
