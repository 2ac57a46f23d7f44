"""Reads a run of conditions with the small words between them: `not`, `and`, `or`, commas."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.policy.phrases.chunks import Chunk, UnreadableError
from aidefence.policy.phrases.clauses import joined
from aidefence.policy.phrases.lists import grouped
from aidefence.policy.phrases.parts import Item, Part, Place, part_of, several, tag_of, word_of
from aidefence.policy.tree import Expression


def readings_of(chunks: Sequence[Chunk], place: Place) -> tuple[Expression, ...]:
    """Give everything that a run of conditions may mean.

    Raises:
        UnreadableError: it means nothing.

    """
    items: list[Item] = [part_of(it) if it.tag == "COND" else it for it in chunks]
    items = _nested(items, place)
    _check_both(items)
    return several(joined(grouped(_trimmed(items), place), place))


def _check_both(items: Sequence[Item]) -> None:
    """See that `both` speaks of two things."""
    for at, item in enumerate(items):
        if tag_of(item) == "BOTH" and not any(tag_of(it) == "AND" for it in items[at:]):
            raise UnreadableError("`both` is not followed by `and`", item.at)


def _trimmed(items: list[Item]) -> list[Item]:
    loose = {"COMMA", "COLON", "STOP"}
    while items and isinstance(items[0], Chunk) and items[0].tag in loose:
        items = items[1:]
    while items and isinstance(items[-1], Chunk) and items[-1].tag in loose:
        items = items[:-1]
    for end in (*items[:1], *items[-1:]):
        if tag_of(end) in {"AND", "OR", "STRICT"}:
            raise UnreadableError(f"`{word_of(end)}` joins nothing", end.at)
    return [it for it in items if not (isinstance(it, Chunk) and it.tag in {"COLON", "STOP"})]


def _nested(items: list[Item], place: Place) -> list[Item]:
    """Read what stands in parentheses, the innermost first."""
    while True:
        closing = next((n for n, it in enumerate(items) if tag_of(it) == "CLOSE"), None)
        opening = [n for n, it in enumerate(items[:closing]) if tag_of(it) == "OPEN"]
        if closing is None and not opening:
            return items
        if closing is None or not opening:
            raise UnreadableError("a parenthesis has no other side", items[0].at)
        first = opening[-1]
        inside = _trimmed(items[first + 1 : closing])
        readings = several(joined(grouped(inside, place), Place.CONDITION))
        part = Part(readings, "group", items[first].at, is_group=True)
        items = [*items[:first], part, *items[closing + 1 :]]
