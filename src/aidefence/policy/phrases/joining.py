"""Joins conditions as people mean them when they put them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aidefence.policy.tree import And, Ask, Compare, Expression, Not, Operator, Or, Unit, Value

CALLED = Compare(Ask("event"), Operator.IS, (Value(Unit.WORD, text="call"),))
"""A tool is called."""

_UNTRUSTED = {"retrieval", "tool", "memory"}
_POSITIVE = {
    *(Operator.IS, Operator.IN, Operator.MATCHES, Operator.STARTS, Operator.ENDS),
    *(Operator.CONTAINS, Operator.ABOVE, Operator.AT_LEAST, Operator.BETWEEN, Operator.PRESENT),
}


def all_of(parts: Iterable[Expression]) -> Expression | None:
    """Join by `and`; none for no parts. What another part says already is left out."""
    flat = list(dict.fromkeys(_flat(parts, And)))
    if any(is_call(it) for it in flat if it != CALLED):
        flat = [it for it in flat if it != CALLED]
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Iterable[Expression]) -> Expression | None:
    """Join by `or`; none for no parts."""
    flat = _listed(dict.fromkeys(_flat(parts, Or)))
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def opposite(part: Expression) -> Expression:
    """Negate, without a double negation."""
    return part.part if isinstance(part, Not) else Not(part)


def side_by_side(parts: Iterable[Expression]) -> list[Expression]:
    """Join what stands in one clause: where a content comes from narrows what was found in it.

    A call is another event than the content it was asked for by: then it may be that the content
    has reached the session, or that the call carries a part of it.
    """
    given = list(parts)
    origins = [it.argument for it in given if isinstance(it, Ask) and it.name == "any_origin"]
    others = [it for it in given if not (isinstance(it, Ask) and it.name == "any_origin")]
    joined: list[Expression | None]
    if len(origins) == 1 and any(_is_narrowed(it) for it in others):
        joined = [all_of(_narrowed(it, origins[0]) if _is_narrowed(it) else it for it in others)]
    elif len(origins) == 1 and origins[0] in _UNTRUSTED and any(is_call(it) for it in others):
        joined = [all_of((*others, Ask(it))) for it in ("taint.untrusted", "taint.arguments")]
    else:
        joined = [all_of(given)]
    return [it for it in joined if it is not None]


def of_calls(when: Expression) -> Expression:
    """See that a condition on which tool is *not* called speaks of calls at all."""
    parts = list(when.parts) if isinstance(when, And) else [when]
    denied = any(isinstance(it, Not) and is_call(it.part) for it in parts)
    if denied and CALLED not in parts and not any(is_call(it) for it in parts):
        return And((CALLED, *parts))
    return when


def contradicts_itself(when: Expression) -> bool:
    """Whether one thing is to have two values at once, as in `the input is an answer`."""
    known: dict[object, tuple[Value, ...]] = {}
    parts = when.parts if isinstance(when, And) else ()
    if any(isinstance(it, Not) and it.part in parts for it in parts):
        return True
    compared = [it for it in parts if isinstance(it, Compare)]
    for it in compared:
        if it.operator is Operator.IS and known.setdefault(it.subject, it.values) != it.values:
            return True
    return any(_excludes(one, other) for one in compared for other in compared)


def _excludes(low: Compare, high: Compare) -> bool:
    """Whether nothing is as large as the one says and as small as the other."""
    return (
        low.subject == high.subject
        and low.operator in {Operator.AT_LEAST, Operator.ABOVE}
        and high.operator in {Operator.AT_MOST, Operator.BELOW}
        and low.values[0].unit is high.values[0].unit
        and low.values[0].number > high.values[0].number
    )


def _listed(parts: Iterable[Expression]) -> list[Expression]:
    """Write several values of one thing as one list of them."""
    found: list[Expression] = []
    for it in parts:
        last = found[-1] if found else None
        if isinstance(it, Compare) and isinstance(last, Compare) and _of_one_list(it, last):
            found[-1] = replace(last, operator=Operator.IN, values=(*last.values, *it.values))
        else:
            found.append(it)
    return found


def _of_one_list(one: Compare, other: Compare) -> bool:
    operators = {one.operator, other.operator}
    return one.subject == other.subject and operators <= {Operator.IS, Operator.IN}


def _flat(parts: Iterable[Expression], kind: type[And | Or]) -> Iterator[Expression]:
    for it in parts:
        if isinstance(it, And | Or) and isinstance(it, kind):
            yield from it.parts
        else:
            yield it


def is_call(it: Expression) -> bool:
    """Whether this holds only where a tool is called."""
    if isinstance(it, And):
        return any(is_call(part) for part in it.parts)
    if isinstance(it, Or):
        return all(is_call(part) for part in it.parts)
    if isinstance(it, Ask):
        return it.name == "tool.can"
    return (
        isinstance(it, Compare)
        and isinstance(it.subject, Ask)
        and it.subject.name.startswith("tool.")
        and it.operator in _POSITIVE
    )


def _is_narrowed(it: Expression) -> bool:
    """Whether this is about what was detected, and about that alone."""
    if isinstance(it, And | Or):
        return all(_is_narrowed(part) for part in it.parts)
    if isinstance(it, Not):
        return _is_narrowed(it.part)
    return (
        isinstance(it, Compare)
        and isinstance(it.subject, Ask)
        and it.subject.name == "confidence"
        and bool(it.subject.argument)
        and " from " not in it.subject.argument
    )


def _narrowed(it: Expression, origin: str) -> Expression:
    if isinstance(it, And | Or):
        return type(it)(tuple(_narrowed(part, origin) for part in it.parts))
    if isinstance(it, Not):
        return Not(_narrowed(it.part, origin))
    if isinstance(it, Compare) and isinstance(it.subject, Ask):
        return replace(it, subject=Ask("confidence", f"{it.subject.argument} from {origin}"))
    return it
