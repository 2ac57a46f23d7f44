"""Numbers in YARA conditions, as far as they are known before any text is."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aidefence.knowledge.imports.when import FALSE, TRUE, Bound, Has, Size, When, every, no
from aidefence.knowledge.imports.yara_tree import Binary, FileSize, Name, Node, Number, Unary

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_BITS_MAX = 63
_MOST = (1 << _BITS_MAX) - 1
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "\\": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


@dataclass(frozen=True, slots=True)
class Known:
    """A number, or a number of bytes more or less than the text has."""

    number: int
    from_size: bool = False


def flipped(sign: str) -> str:
    """The comparison with its sides exchanged."""
    return _FLIPPED[sign]


def known(  # noqa: PLR0911 -- one a kind of node
    node: Node, variables: Mapping[str, int]
) -> Known | None:
    """What a number is, if that can be said."""
    match node:
        case Number(value=value):
            return Known(value)
        case FileSize():
            return Known(0, from_size=True)
        case Name(name=name) if name in variables:
            return Known(variables[name])
        case Unary(sign="-", part=part):
            inner = known(part, variables)
            return None if inner is None or inner.from_size else Known(-inner.number)
        case Unary(sign="~", part=part):
            inner = known(part, variables)
            return None if inner is None or inner.from_size else Known(~inner.number)
        case Binary(sign=sign, left=left, right=right):
            first, second = known(left, variables), known(right, variables)
            return None if first is None or second is None else _combined(sign, first, second)
        case _:
            return None


def _combined(sign: str, first: Known, second: Known) -> Known | None:
    a, b = first.number, second.number
    if first.from_size or second.from_size:
        if sign == "-" and first.from_size and second.from_size:
            return Known(a - b)
        if sign == "-" and first.from_size:
            return Known(a - b, from_size=True)
        if sign == "+" and not (first.from_size and second.from_size):
            return Known(a + b, from_size=True)
        return None
    if (sign in ("\\", "%") and (a < 0 or b <= 0)) or (
        sign in ("<<", ">>") and not 0 <= b < _BITS_MAX
    ):
        return None
    value = _ARITHMETIC[sign](a, b) if sign in _ARITHMETIC else None
    return None if value is None or abs(value) > _MOST else Known(value)


def compare(sign: str, left: int, right: int) -> bool:
    """How two numbers compare."""
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[sign]


def constant(value: bool) -> When:  # noqa: FBT001 -- the value is the whole point
    """A condition that is always or never true."""
    return TRUE if value else FALSE


def size(sign: str, number: int) -> When:
    """The length of the text, compared with a number."""
    if number < 0:
        return constant(compare(sign, 0, number))
    return Size(sign, number)


def count(pattern: str, within: tuple[Bound, Bound] | None, sign: str, number: int) -> When:
    """How often a pattern stands there, compared with a number."""
    if number < 0:
        return constant(compare(sign, 0, number))
    if (sign, number) in ((">", 0), ("!=", 0)):
        sign, number = ">=", 1
    if (sign, number) in (("==", 0), ("<=", 0), ("<", 1)):
        return no(Has(pattern, within))
    if (sign, number) == (">=", 0):
        return TRUE
    if (sign, number) == ("<", 0):
        return FALSE
    return Has(pattern, within, sign, number)


def bound(number: Known) -> Bound | None:
    """A place in the text; none for one that no text has."""
    if number.from_size:
        return Bound(-number.number, from_end=True) if number.number <= 0 else None
    return Bound(number.number) if number.number >= 0 else None


def first_match(pattern: str, sign: str, place: Known) -> When | None:
    """Where the first match starts, compared with a place; none if that cannot be said."""
    start, end = Bound(0), Bound(0, from_end=True)
    steps = {"<": -1, "<=": 0, ">": 0, ">=": -1}
    if sign in steps:
        last = bound(Known(place.number + steps[sign], place.from_size))
        if last is None:
            return None
        before = Has(pattern, (start, last))
        return before if sign in ("<", "<=") else every((Has(pattern, (start, end)), no(before)))
    here = bound(place)
    if here is None or sign != "==":
        return None
    earlier = first_match(pattern, "<", place) if place != Known(0) else FALSE
    return None if earlier is None else every((Has(pattern, (here, here)), no(earlier)))
