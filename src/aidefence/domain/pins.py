"""Pins: which definition of each tool was approved, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.canonical import canonical, escape_key
from aidefence.domain.tools import Change

CHANGES_MAX = 100
_EXCERPT = 2_000
_ABSENT = object()


@dataclass(frozen=True, slots=True, order=True)
class PinName:
    """Which tool a pin is for."""

    server: str
    tool: str


def changes(before: object, after: object) -> tuple[Change, ...]:
    """Tell where two definitions differ, at most a hundred places."""
    found = []
    for change in _changes(before, after, ""):
        found.append(change)
        if len(found) >= CHANGES_MAX:
            break
    return tuple(found)


def _changes(before: object, after: object, path: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from _changes(
                before.get(key, _ABSENT), after.get(key, _ABSENT), f"{path}/{escape_key(key)}"
            )
    elif _is_list(before) and _is_list(after):
        yield from _list_changes(before, after, path)  # type: ignore[arg-type]
    elif _spelled(before) != _spelled(after):
        yield Change(path, _excerpt(before), _excerpt(after))


def _list_changes(before: Sequence[object], after: Sequence[object], path: str) -> Iterator[Change]:
    for at in range(max(len(before), len(after))):
        old = before[at] if at < len(before) else _ABSENT
        new = after[at] if at < len(after) else _ABSENT
        yield from _changes(old, new, f"{path}/{at}")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _spelled(value: object) -> str | None:
    return None if value is _ABSENT else canonical(value)


def _excerpt(value: object) -> str | None:
    if value is _ABSENT:
        return None
    text = value if isinstance(value, str) else canonical(value)
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
