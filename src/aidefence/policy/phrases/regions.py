"""Reads a run of conditions with the small words between them: `not`, `and`, `or`, commas.

Where English leaves open what belongs together, all readings are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from aidefence.policy.phrases.chunks import Chunk, UnreadableError
from aidefence.policy.phrases.joining import all_of, any_of, opposite, side_by_side
from aidefence.policy.tree import And, Expression, Or

READINGS_MAX = 12
_KINDS = {
    **dict.fromkeys(("category", "data", "rule"), "finding"),
    **dict.fromkeys(("tool", "call", "argument"), "tool"),
    **dict.fromkeys(("role", "plan", "tenant", "user"), "who"),
    **dict.fromkeys(("time", "day"), "time"),
}
_ONE_ONLY = {"role", "plan", "tenant", "user", "door", "severity", "day"}
"""A request has one of these at most: two of them together can only mean either."""


class Place(Enum):
    """Where the conditions stand: what they are about, or what has to hold."""

    OBJECT = "object"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class _Part:
    readings: tuple[Expression, ...]
    sort: str
    at: int
    is_group: bool = False


_Item = _Part | Chunk


def readings_of(chunks: Sequence[Chunk], place: Place) -> tuple[Expression, ...]:
    """Give everything that a run of conditions may mean.

    Raises:
        UnreadableError: it means nothing.

    """
    items: list[_Item] = [
        _Part(it.readings, it.sort, it.at) if it.tag == "COND" else it for it in chunks
    ]
    items = _nested(items, place)
    return _several(_joined(_grouped(_trimmed(items), place), place))


def kind_of(sort: str) -> str:
    """Give what sorts of conditions are about: findings, tools, or who asks."""
    return _KINDS.get(sort, sort)


def _several(readings: Iterable[Expression | None]) -> tuple[Expression, ...]:
    return tuple(dict.fromkeys(it for it in readings if it is not None))[:READINGS_MAX]


def _trimmed(items: list[_Item]) -> list[_Item]:
    loose = {"COMMA", "COLON", "STOP", "AND", "OR", "STRICT"}
    while items and isinstance(items[0], Chunk) and items[0].tag in loose:
        items = items[1:]
    while items and isinstance(items[-1], Chunk) and items[-1].tag in loose:
        items = items[:-1]
    return [it for it in items if not (isinstance(it, Chunk) and it.tag in {"COLON", "STOP"})]


def _nested(items: list[_Item], place: Place) -> list[_Item]:
    """Read what stands in parentheses, the innermost first."""
    while True:
        closing = next((n for n, it in enumerate(items) if _tag(it) == "CLOSE"), None)
        opening = [n for n, it in enumerate(items[:closing]) if _tag(it) == "OPEN"]
        if closing is None and not opening:
            return items
        if closing is None or not opening:
            raise UnreadableError("a parenthesis has no other side", _at(items[0]))
        first = opening[-1]
        inside = _trimmed(items[first + 1 : closing])
        readings = _several(_joined(_grouped(inside, place), Place.CONDITION))
        part = _Part(readings, "group", _at(items[first]), is_group=True)
        items = [*items[:first], part, *items[closing + 1 :]]


def _tag(item: _Item) -> str:
    return item.tag if isinstance(item, Chunk) else "PART"


def _at(item: _Item) -> int:
    return item.at


# --- things of one kind that are listed ----------------------------------------------------------


def _grouped(items: list[_Item], place: Place) -> list[_Item]:
    found: list[_Item] = []
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


def _list_end(items: Sequence[_Item], at: int) -> int:
    """Find the end of a list of things of one kind that begins here; itself if there is none."""
    first = items[at]
    if not isinstance(first, _Part):
        return at
    end, words = at + 1, set[str]()
    while True:
        after = end
        while after < len(items) and _tag(items[after]) in {"AND", "OR", "COMMA"}:
            after += 1
        between = {_tag(it) for it in items[end:after]}
        follows = items[after] if after < len(items) else None
        if not between or not isinstance(follows, _Part):
            break
        if kind_of(follows.sort) != kind_of(first.sort) or follows.sort == "group":
            break
        if _is_open(items, at, first, follows):
            break
        # A comma before the one word and none before the other: two clauses, no list.
        if len((words | between) - {"COMMA"}) > 1:
            break
        words |= between
        end = after + 1
    return end if words - {"COMMA"} else at


def _is_open(items: Sequence[_Item], at: int, first: _Part, other: _Part) -> bool:
    """Whether two things only somewhat alike may as well belong to different clauses."""
    alike = first.sort == other.sort or kind_of(first.sort) == "finding"
    return not alike and at > 0 and _tag(items[at - 1]) == "AND"


def _group(items: Sequence[_Item], place: Place, before: Sequence[_Item]) -> _Part:
    parts = [it for it in items if isinstance(it, _Part)]
    is_or = any(_tag(it) == "OR" for it in items)
    sorts = {it.sort for it in parts}
    is_negated = bool(before) and _tag(before[-1]) == "NEG"
    either = is_or or (bool(before) and _word(before[-1]) == "neither")
    if not either and not is_negated:
        listed = place is Place.OBJECT and not (before and _tag(before[-1]) == "EITHER")
        either = listed or (len(sorts) == 1 and sorts <= _ONE_ONLY)
    join = any_of if either else all_of
    readings = _several(join(it) for it in product(*(it.readings for it in parts)))
    if is_negated and not either:
        # Not the two together, or neither of them?
        readings += _several(any_of(it) for it in product(*(it.readings for it in parts)))
    sort = parts[0].sort if len(sorts) == 1 else kind_of(parts[0].sort)
    return _Part(readings, sort, parts[0].at, is_group=True)


def _word(item: _Item) -> str:
    return item.said.lower() if isinstance(item, Chunk) else ""


def _negated(items: Sequence[_Item], place: Place) -> list[_Item]:
    found: list[_Item] = []
    pending: list[_Item] = []
    for item in items:
        if _tag(item) == "NEG":
            pending.append(item)
        elif isinstance(item, _Part):
            readings = item.readings
            if len(pending) % 2:
                readings = tuple(opposite(it) for it in readings)
            # A thing that is denied is no place to look at: it narrows nothing.
            sort = f"not {item.sort}" if pending else item.sort
            found.append(_Part(readings, sort, item.at, item.is_group and not pending))
            pending = []
        elif pending:
            raise UnreadableError(f"`{_word(pending[-1])}` denies nothing", _at(pending[-1]))
        else:
            found.append(item)
    if pending:
        raise UnreadableError(f"`{_word(pending[-1])}` denies nothing", _at(pending[-1]))
    del place
    return found


# --- clauses -------------------------------------------------------------------------------------


def _joined(items: Sequence[_Item], place: Place) -> list[Expression | None]:
    """Join clauses by the words between them."""
    clauses: list[list[_Part]] = [[]]
    words: list[frozenset[str]] = []
    eithers: list[int] = []
    pending: set[str] = set()
    for item in items:
        if isinstance(item, _Part):
            if pending and clauses[-1]:
                words.append(frozenset(pending))
                clauses.append([])
            pending = set()
            clauses[-1].append(item)
        elif item.tag == "EITHER":
            eithers.append(len(clauses) if clauses[-1] else len(clauses) - 1)
        elif item.tag in {"AND", "OR", "COMMA", "STRICT"}:
            pending.add(item.tag)
        else:
            raise UnreadableError(f"`{item.said}` makes no sense here", item.at)
    if not clauses[-1]:
        raise UnreadableError("nothing is said", 0)
    readings = [_clause(it) for it in clauses]
    options: list[Expression | None] = []
    for chosen in product(*readings):
        options += _combined(chosen, words, eithers, clauses, place)
    return options


def _clause(parts: Sequence[_Part]) -> tuple[Expression, ...]:
    found: list[Expression | None] = []
    for chosen in product(*(it.readings for it in parts)):
        found += side_by_side(chosen)
        found += _narrowed_last(parts, chosen)
    return _several(found)


def _narrowed_last(parts: Sequence[_Part], chosen: Sequence[Expression]) -> list[Expression]:
    """Where an origin follows a list, it may belong to the last thing of the list alone."""
    for at in range(len(parts) - 1):
        listed, origin = parts[at], parts[at + 1]
        is_list = listed.is_group and kind_of(listed.sort) == "finding"
        whole = chosen[at]
        if is_list and origin.sort == "origin" and isinstance(whole, And | Or):
            first, last = whole.parts[:-1], side_by_side((whole.parts[-1], chosen[at + 1]))
            narrowed = type(whole)((*first, *last))
            return side_by_side((*chosen[:at], narrowed, *chosen[at + 2 :]))
    return []


def _combined(
    clauses: Sequence[Expression],
    words: Sequence[frozenset[str]],
    eithers: Sequence[int],
    parts: Sequence[Sequence[_Part]],
    place: Place,
) -> list[Expression | None]:
    kinds = _operators(words)
    if eithers:
        # What follows `either` up to the end belongs together.
        first = eithers[0]
        rest = any_of(clauses[first:])
        if rest is None or any(it != "OR" for it in kinds[first:]):
            return [None]
        return _combined((*clauses[:first], rest), words[:first], (), (*parts[:first], []), place)
    if set(kinds) <= {"OR"}:
        return [any_of(clauses)]
    if set(kinds) == {"AND"}:
        is_list = place is Place.OBJECT and not any("STRICT" in it for it in words)
        return _both_or_each(clauses, parts, words) if is_list else [all_of(clauses)]
    return _mixed(clauses, words, kinds)


def _mixed(
    clauses: Sequence[Expression], words: Sequence[frozenset[str]], kinds: Sequence[str]
) -> list[Expression | None]:
    """Join by both words: a comma before one of them says which is the looser."""
    strong = {kind for kind, it in zip(kinds, words, strict=True) if "COMMA" in it}
    weak = {kind for kind, it in zip(kinds, words, strict=True) if "COMMA" not in it}
    if len(strong) == 1 and strong.isdisjoint(weak):
        return [_split(clauses, kinds, strong.pop())]
    return [_split(clauses, kinds, "OR"), _split(clauses, kinds, "AND")]


def _both_or_each(
    clauses: Sequence[Expression],
    parts: Sequence[Sequence[_Part]],
    words: Sequence[frozenset[str]],
) -> list[Expression | None]:
    """Read things that are named with `and`: each of them, or only what is all of them."""
    heads = {kind_of(it[0].sort) for it in parts if it}
    if len(heads) == 1 and heads <= {"finding", "tool", "modality"}:
        return [any_of(clauses)]
    # A comma alone parts a clause from what it is about: `on weekends, mail`.
    if all(it == {"COMMA"} for it in words):
        return [all_of(clauses)]
    if any(it[0].sort.startswith("not ") for it in parts[1:] if it):
        return [all_of(clauses)]
    return [all_of(clauses), any_of(clauses)]


def _operators(words: Sequence[frozenset[str]]) -> list[str]:
    """Give for each gap its word; a comma alone stands for the word that follows."""
    found: list[str] = []
    later = "AND"
    for it in reversed(words):
        plain = it - {"COMMA"}
        later = "OR" if "OR" in plain else "AND" if plain else later
        found.append(later)
    return found[::-1]


def _split(clauses: Sequence[Expression], kinds: Sequence[str], looser: str) -> Expression | None:
    runs: list[list[Expression]] = [[clauses[0]]]
    for kind, clause in zip(kinds, clauses[1:], strict=True):
        if kind == looser:
            runs.append([clause])
        else:
            runs[-1].append(clause)
    inner, outer = (all_of, any_of) if looser == "OR" else (any_of, all_of)
    joined = [it for it in (inner(run) for run in runs) if it is not None]
    return outer(joined)
