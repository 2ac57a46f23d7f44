"""Conditions over the bytes of a text, and how they are written in a rule of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

RESERVED = frozenset(
    ("and", "or", "not", "of", "all", "any", "none", "at", "in", "count", "size", "end")
)
"""Words that no pattern may be called in a condition."""
DEPTH_MAX = 20
_NAME_MAX = 40


@dataclass(frozen=True, slots=True)
class Bound:
    """A place in a text, from its start or before its end."""

    bytes: int
    from_end: bool = False

    def __str__(self) -> str:
        if not self.from_end:
            return str(self.bytes)
        return f"end-{self.bytes}" if self.bytes else "end"


@dataclass(frozen=True, slots=True)
class Has:
    """How often a pattern stands in a text, between two places."""

    pattern: str
    within: tuple[Bound, Bound] | None = None
    op: str = ">="
    number: int = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How many bytes the text has."""

    op: str
    number: int


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: When


@dataclass(frozen=True, slots=True)
class Least:
    """So many of these, at least."""

    number: int
    parts: tuple[When, ...]


When: TypeAlias = Has | Size | Not | Least
TRUE = Least(0, ())
FALSE = Least(1, ())


def every(parts: tuple[When, ...]) -> When:
    """All of these."""
    return least(len(parts), parts)


def least(number: int, parts: tuple[When, ...]) -> When:
    """So many of these, with what is certain left out."""
    number -= sum(part == TRUE for part in parts)
    left = tuple(part for part in parts if part not in (TRUE, FALSE))
    if number <= 0:
        return TRUE
    if number > len(left):
        return FALSE
    return left[0] if len(left) == 1 else Least(number, left)


def no(part: When) -> When:
    """The contrary of a condition."""
    if part == TRUE:
        return FALSE
    if part == FALSE:
        return TRUE
    return part.part if isinstance(part, Not) else Not(part)


def names(when: When) -> Iterator[str]:
    """The patterns that a condition names, some more than once."""
    match when:
        case Has(pattern=pattern):
            yield pattern
        case Not(part=part):
            yield from names(part)
        case Least(parts=parts):
            for part in parts:
                yield from names(part)


def depth(when: When) -> int:
    """How many parentheses stand inside one another, at most."""
    match when:
        case Not(part=part):
            return 1 + depth(part)
        case Least(parts=parts):
            return 1 + max((depth(part) for part in parts), default=0)
        case _:
            return 0


def write(when: When) -> str:  # noqa: PLR0911 -- one a form
    """Write a condition the way a rule has it."""
    match when:
        case Has():
            return _write_has(when)
        case Size(op=op, number=number):
            return f"size {op} {number}"
        case Not(part=Least(number=1, parts=parts)):
            return f"none of ({', '.join(write(part) for part in parts)})"
        case Not(part=part):
            return f"not {_closed(part)}"
        case Least(number=number, parts=parts) if number == len(parts):
            return " and ".join(_closed(part) for part in parts)
        case Least(number=1, parts=parts):
            return " or ".join(_closed(part) for part in parts)
        case Least(number=number, parts=parts):
            return f"{number} of ({', '.join(write(part) for part in parts)})"


def fresh_name(wanted: str, taken: set[str]) -> str:
    """Make a name that a pattern may have and no other has."""
    base = re.sub(r"[^A-Za-z0-9_]", "_", wanted)[: _NAME_MAX - 4] or "s"
    if base in RESERVED or base.isdigit():
        base = f"{base}_"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _closed(part: When) -> str:
    joined = isinstance(part, Least) and part.number in (1, len(part.parts))
    return f"({write(part)})" if joined else write(part)


def _write_has(has: Has) -> str:
    place = ""
    if has.within is not None:
        first, last = has.within
        place = f" in {first}..{last}"
        if first == last:
            place = f" at {first}"
    if (has.op, has.number) == (">=", 1):
        return f"{has.pattern}{place}"
    if has.within is not None:
        place = f" in {has.within[0]}..{has.within[1]}"
    return f"count({has.pattern}{place}) {has.op} {has.number}"
