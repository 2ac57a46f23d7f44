"""The parts of a clause: conditions, one by one or listed, as they are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from aidefence.policy.phrases.chunks import Chunk
from aidefence.policy.tree import Compare, Expression

READINGS_MAX = 12
_KINDS = {
    **dict.fromkeys(("category", "data", "rule"), "finding"),
    **dict.fromkeys(("tool", "call", "argument"), "tool"),
    **dict.fromkeys(("role", "plan", "tenant", "user"), "who"),
    **dict.fromkeys(("time", "day"), "time"),
}
_FINITE = {
    *("is", "are", "was", "were", "has", "have", "had", "does", "did", "can", "may", "exceeds"),
    *("contains", "comes", "carries", "uses", "starts", "ends", "matches", "fires", "costs"),
    "spends",
}
_HEADS = {"with", "hold", "see", "in"}


class Place(Enum):
    """Where the conditions stand: what they are about, or what has to hold."""

    OBJECT = "object"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, or several that are one thing in a clause."""

    readings: tuple[Expression, ...]
    sort: str
    at: int
    is_group: bool = False
    denied: tuple[Expression, ...] = ()
    """What a `not` before it denies."""
    is_clause: bool = False
    """Whether it is a clause of its own, with a subject and a verb."""
    is_measured: bool = False
    """Whether a bound was said of it: `above 80%`, `more than 3`."""
    is_headed: bool = False
    """Whether something is said to contain it, rather than it being acted on itself."""


Item = Part | Chunk
Join = Callable[[Iterable[Expression]], Expression | None]


def part_of(chunk: Chunk) -> Part:
    """Make a part of a condition."""
    is_headed = bool(chunk.led & _HEADS)
    return Part(
        chunk.readings,
        chunk.sort,
        chunk.at,
        is_clause=is_clause(chunk),
        is_measured=_is_measured(chunk),
        is_headed=is_headed,
    )


def _is_measured(chunk: Chunk) -> bool:
    if chunk.sort == "category":
        return not chunk.note
    return any(isinstance(it, Compare) for it in chunk.readings)


def is_clause(chunk: Chunk) -> bool:
    """Whether a condition has a verb of its own, and so is no part of a list."""
    said = set(chunk.said.lower().split())
    return bool(said & _FINITE) or "be" in chunk.led


def kind_of(sort: str) -> str:
    """Give what sorts of conditions are about: findings, tools, or who asks."""
    return _KINDS.get(sort, sort)


def several(readings: Iterable[Expression | None]) -> tuple[Expression, ...]:
    """Leave out what is none or twice, and what is too much to choose from."""
    return tuple(dict.fromkeys(it for it in readings if it is not None))[:READINGS_MAX]


def tag_of(item: Item) -> str:
    """Give what an item is: a part, or the word that it is."""
    return item.tag if isinstance(item, Chunk) else "PART"


def word_of(item: Item) -> str:
    """Give the word that an item is, if it is one."""
    return item.said.lower() if isinstance(item, Chunk) else ""
