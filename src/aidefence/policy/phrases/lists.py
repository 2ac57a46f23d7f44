"""Reads lists of things of one kind, and what a `not` before them denies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from aidefence.policy.phrases.chunks import UnreadableError
from aidefence.policy.phrases.joining import all_of, any_of, opposite
from aidefence.policy.phrases.parts import (
    Item,
    Join,
    Part,
    Place,
    kind_of,
    several,
    tag_of,
    word_of,
)
from aidefence.policy.tree import Compare, Expression

_ONE_ONLY = {"role", "plan", "tenant", "user", "door", "severity", "day"}
"""A request has one of these at most: two of them together can only mean either."""
_MEASURED = {"category", "data"}


def grouped(items: list[Item], place: Place) -> list[Item]:
    """Make one part of each list of things of one kind, and deny what a `not` denies."""
    found: list[Item] = []
    items = _neither(items, place)
    at = 0
    while at < len(items):
        end = _list_end(items, at)
        if end > at + 1:
            found.append(_group(items[at:end], place, found))
            at = end
        else:
            found.append(items[at])
            at += 1
    return _negated(found, place)


def _list_end(items: Sequence[Item], at: int) -> int:
    """Find the end of a list of things of one kind that begins here; itself if there is none."""
    first = items[at]
    if not isinstance(first, Part):
        return at
    end, words = at + 1, set[str]()
    while True:
        after = end
        while after < len(items) and tag_of(items[after]) in {"AND", "OR", "COMMA"}:
            after += 1
        between = {tag_of(it) for it in items[end:after]}
        follows = items[after] if after < len(items) else None
        if not between or not isinstance(follows, Part):
            break
        if kind_of(follows.sort) != kind_of(first.sort) or follows.sort == "group":
            break
        if _is_open(items, at, first, follows):
            break
        if follows.is_clause and at and tag_of(items[at - 1]) == "NEG":
            break
        # A comma before the one word and none before the other: two clauses, no list.
        if len((words | between) - {"COMMA"}) > 1:
            break
        words |= between
        end = after + 1
    return end if words - {"COMMA"} else at


def _neither(items: list[Item], place: Place) -> list[Item]:
    """Read `neither A nor B` as one thing that denies both."""
    begin = next((n for n, it in enumerate(items) if tag_of(it) == "NEITHER"), None)
    if begin is None:
        return items
    end = begin + 1
    while end < len(items) and tag_of(items[end]) in {"PART", "NOR", "OR", "COMMA"}:
        end += 1
    last = [n for n in range(begin, end) if tag_of(items[n]) in {"NOR", "OR"}]
    end = min(end, last[-1] + 2) if last else end
    inside = items[begin + 1 : end]
    if not any(tag_of(it) in {"NOR", "OR"} for it in inside):
        raise UnreadableError("`neither` is not followed by `nor`", items[begin].at)
    parts = [it for it in inside if isinstance(it, Part)]
    sorts = {it.sort for it in parts}
    alone = len(parts) == 1 + sum(tag_of(it) in {"NOR", "OR", "COMMA"} for it in inside)
    if not alone:
        raise UnreadableError("what belongs to `neither` is not clear", items[begin].at)
    found = (any_of(it) for it in product(*(it.readings for it in parts)))
    readings = tuple(opposite(it) for it in found if it is not None)
    sort = f"not {parts[0].sort if len(sorts) == 1 else 'group'}"
    return _neither([*items[:begin], Part(readings, sort, items[begin].at), *items[end:]], place)


def _is_open(items: Sequence[Item], at: int, first: Part, other: Part) -> bool:
    """Whether two things only somewhat alike may as well belong to different clauses."""
    alike = first.sort == other.sort or kind_of(first.sort) == "finding"
    return not alike and at > 0 and tag_of(items[at - 1]) == "AND"


def _group(items: Sequence[Item], place: Place, before: Sequence[Item]) -> Part:
    parts = [it for it in items if isinstance(it, Part)]
    is_or = any(tag_of(it) == "OR" for it in items)
    sorts = {it.sort for it in parts}
    word = tag_of(before[-1]) if before else ""
    readings: tuple[Expression, ...] = ()
    for join in _joins(parts, place, before, is_or=is_or):
        readings += several(join(it) for it in product(*(it.readings for it in parts)))
    if word == "NEG" and not is_or and len(readings) == 1:
        # Not the two together, or neither of them?
        readings += several(any_of(it) for it in product(*(it.readings for it in parts)))
    if sorts <= _MEASURED and len({it.is_measured for it in parts}) > 1:
        readings += _measured(parts, any_of if is_or or place is Place.OBJECT else all_of)
    sort = parts[0].sort if len(sorts) == 1 else kind_of(parts[0].sort)
    return Part(several(readings), sort, parts[0].at, is_group=True)


def _measured(parts: Sequence[Part], join: Join) -> tuple[Expression, ...]:
    """`A and B above 80%`: a bound at the end may be one of them all."""
    last = parts[-1].readings[0]
    if not parts[-1].is_measured or not isinstance(last, Compare):
        raise UnreadableError("does the number belong to all of them? Say it for each", parts[0].at)
    if any(it.is_measured for it in parts[:-1]):
        return ()
    bounds = (
        replace(it.readings[0], operator=last.operator, values=last.values)
        for it in parts
        if isinstance(it.readings[0], Compare)
    )
    found = join(bounds)
    return () if found is None else (found,)


def _joins(
    parts: Sequence[Part], place: Place, before: Sequence[Item], *, is_or: bool
) -> tuple[Join, ...]:
    """Give how a list is meant: any of its things, all of them, or nobody knows."""
    word = tag_of(before[-1]) if before else ""
    sorts = {it.sort for it in parts}
    if is_or:
        return (any_of,)
    if word == "NEG":
        return (all_of,)
    if len(sorts) == 1 and sorts <= _ONE_ONLY:
        if place is Place.CONDITION and any(it.is_clause for it in parts):
            raise UnreadableError("it is one of these at most: say `or`", parts[0].at)
        return (any_of,)
    if place is Place.CONDITION or word == "EITHER":
        return (all_of,)
    heads = [it for it in before[-2:] if tag_of(it) != "BOTH"]
    headed = bool(heads) and isinstance(heads[-1], Part)
    if headed or parts[0].is_headed:
        # Answers with A and B: with both, or with one of them?
        unclear = kind_of(parts[0].sort) in {"finding", "time"}
        return (all_of,) if word == "BOTH" else (any_of, all_of) if unclear else (any_of,)
    return (any_of,)


def _negated(items: Sequence[Item], place: Place) -> list[Item]:
    found: list[Item] = []
    pending: list[Item] = []
    for at, item in enumerate(items):
        if tag_of(item) == "NEG":
            if place is Place.OBJECT and at and tag_of(items[at - 1]) == "COMMA":
                raise UnreadableError("`, not …` leaves open what happens then", item.at)
            pending.append(item)
        elif isinstance(item, Part):
            found.append(denied(item) if len(pending) % 2 else item)
            pending = []
        elif pending:
            raise UnreadableError(f"`{word_of(pending[-1])}` denies nothing", pending[-1].at)
        else:
            found.append(item)
    if pending:
        raise UnreadableError(f"`{word_of(pending[-1])}` denies nothing", pending[-1].at)
    return found


def denied(part: Part) -> Part:
    """Deny a part, and remember what is denied."""
    # A thing that is denied is no place to look at: it narrows nothing.
    readings = tuple(opposite(it) for it in part.readings)
    return Part(readings, f"not {part.sort}", part.at, denied=part.readings, is_clause=True)
