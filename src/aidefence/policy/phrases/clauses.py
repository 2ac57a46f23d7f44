"""Joins clauses by the words between them.

Where English leaves open what belongs together, all readings are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from aidefence.policy.phrases.chunks import UnreadableError
from aidefence.policy.phrases.joining import all_of, any_of, opposite, side_by_side
from aidefence.policy.phrases.lists import denied
from aidefence.policy.phrases.parts import Item, Part, Place, kind_of, several
from aidefence.policy.tree import And, Compare, Expression, Operator, Or

_ADJECTIVES = {"who", "approval", "time", "finding"}
"""What is denied by itself, whatever follows: `not approved payments`."""

_LAST_ONLY = {
    "who": {"approval", "not approval"},
    "finding": {"origin"},
    "tool": {"time", "day", "not approval", "approval"},
}
"""What may belong to the last thing of a list alone."""


def joined(items: Sequence[Item], place: Place) -> list[Expression | None]:
    """Join clauses by the words between them."""
    clauses, words, eithers = _clauses(items)
    readings = [_clause(it) for it in clauses]
    options: list[Expression | None] = []
    for chosen in product(*readings):
        options += _combined(chosen, words, eithers, clauses, place)
    if words and not eithers and all(it == {"OR"} for it in words):
        for shared in _shared(clauses):
            options += _clause(shared)
    return options


def _clauses(
    items: Sequence[Item],
) -> tuple[list[list[Part]], list[frozenset[str]], list[int]]:
    """Part clauses; give the words between them, and which of them begin with `either`."""
    clauses: list[list[Part]] = [[]]
    words: list[frozenset[str]] = []
    eithers: list[int] = []
    pending: set[str] = set()
    both = False
    for item in items:
        if isinstance(item, Part):
            if pending and clauses[-1]:
                words.append(frozenset(pending))
                clauses.append([])
            pending = set()
            clauses[-1].append(item)
        elif item.tag == "EITHER":
            eithers.append(len(clauses) if clauses[-1] else len(clauses) - 1)
        elif item.tag == "BOTH":
            both = True
        elif item.tag in {"AND", "OR", "COMMA", "STRICT"}:
            pending |= {item.tag, "STRICT"} if both and item.tag == "AND" else {item.tag}
        else:
            raise UnreadableError(f"`{item.said}` makes no sense here", item.at)
    if not clauses[-1]:
        raise UnreadableError("nothing is said", 0)
    return clauses, words, eithers


def _shared(clauses: Sequence[Sequence[Part]]) -> Iterator[list[Part]]:
    """Read `A B or C` as `A, and B or C`, and `A or B C` as `A or B, and C`.

    What is a clause of its own shares nothing.
    """
    first, last, later = clauses[0], clauses[-1], [it[0] for it in clauses[1:]]
    heads = [it for clause in clauses[:-1] for it in clause]
    if not any(it.is_clause for it in later) and all(len(it) == 1 for it in clauses[1:]):
        if len(first) > 1:
            yield [*first[:-1], _any([first[-1], *later])]
        if first[-1].denied:
            given = replace(first[-1], readings=first[-1].denied)
            yield [*first[:-1], denied(_any([given, *later]))]
    # `If a jailbreak or a payment is found at night`: the verb may be that of them all.
    own = last[-1].is_clause and any(it.is_clause for it in heads)
    if len(last) > 1 and len(heads) == len(clauses) - 1 and not own:
        yield [_any([*heads, last[0]]), *last[1:]]


def _any(parts: Sequence[Part]) -> Part:
    readings = several(any_of(it) for it in product(*(it.readings for it in parts)))
    return Part(readings, "group", parts[0].at, is_group=True)


def _clause(parts: Sequence[Part]) -> tuple[Expression, ...]:
    _check_origin(parts)
    found: list[Expression | None] = []
    for chosen in product(*(it.readings for it in parts)):
        found += side_by_side(chosen)
        found += _narrowed_last(parts, chosen)
    found += _wider(parts)
    return several(found)


def _check_origin(parts: Sequence[Part]) -> None:
    """See that no origin narrows what it cannot: only of categories is it known where they are."""
    sorts = {it.sort: it.at for it in parts}
    if "origin" in sorts and sorts.keys() & {"modality", "rule"}:
        raise UnreadableError("where that comes from cannot be asked about", sorts["origin"])
    if "not origin" in sorts and sorts.keys() & {"category", "modality", "rule"}:
        message = "where it does not come from cannot be asked about: say from where"
        raise UnreadableError(message, sorts["not origin"])


def _wider(parts: Sequence[Part]) -> list[Expression]:
    """Where more follows what is denied, all of it may be denied together."""
    for at, part in enumerate(parts[:-1]):
        after = [it for it in parts[at + 1 :] if it.sort != "place"]
        if not part.denied or not after or kind_of(part.sort.removeprefix("not ")) in _ADJECTIVES:
            continue
        given = [part.denied, *(it.readings for it in parts[at + 1 :])]
        before = list(product(*(it.readings for it in parts[:at])))
        inside = [it for chosen in product(*given) for it in side_by_side(chosen)]
        return [
            it for one in before for deny in inside for it in side_by_side((*one, opposite(deny)))
        ]
    return []


def _narrowed_last(parts: Sequence[Part], chosen: Sequence[Expression]) -> list[Expression]:
    """Where more follows a list, it may belong to the last thing of the list alone."""
    for at in range(len(parts) - 1):
        listed, after = parts[at], parts[at + 1]
        whole = chosen[at]
        # `A jailbreak or a secret in an answer`: things of one sort share their place.
        placed = listed.sort == "finding" and after.sort == "place"
        ends = placed or after.sort in _LAST_ONLY.get(kind_of(listed.sort), ())
        if isinstance(whole, Compare) and whole.operator is Operator.IN and len(whole.values) > 1:
            whole = Or(tuple(replace(whole, values=(it,)) for it in whole.values))
        if listed.is_group and ends and isinstance(whole, And | Or):
            first, last = whole.parts[:-1], side_by_side((whole.parts[-1], chosen[at + 1]))
            narrowed = type(whole)((*first, *last))
            return side_by_side((*chosen[:at], narrowed, *chosen[at + 2 :]))
    return []


def _combined(
    clauses: Sequence[Expression],
    words: Sequence[frozenset[str]],
    eithers: Sequence[int],
    parts: Sequence[Sequence[Part]],
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
    parts: Sequence[Sequence[Part]],
    words: Sequence[frozenset[str]],
) -> list[Expression | None]:
    """Read things that are named with `and`: each of them, or only what is all of them."""
    heads = {kind_of(it[0].sort) for it in parts if it}
    if len(heads) == 1 and heads <= {"finding", "tool", "modality"}:
        return [any_of(clauses)]
    # A comma alone parts a clause from what it is about: `on weekends, mail`.
    if all(it == {"COMMA"} for it in words):
        return [all_of(clauses)]
    if any(len(it) == 1 and it[0].sort.startswith("not ") for it in parts[1:]):
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
