"""JSON read so that nobody else can read anything different out of it."""

from __future__ import annotations

import json
from typing import Any


class MalformedError(ValueError):
    """Something that is not what the dialect says, or could be read in two ways."""


def read_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object, in UTF-8, in which no name stands twice.

    Of two values under one name we might inspect one and the reader behind us take the other.

    Raises:
        MalformedError: it is none.

    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"it is not JSON: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise MalformedError("it is no JSON object")
    return value


def write(value: object) -> bytes:
    """Write JSON as small as it can be; half characters stay escaped, as they came."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def strings_in(value: object, left_out: frozenset[str] = frozenset()) -> list[str]:
    """Give all texts in a value that was read, but those under these names."""
    found: list[str] = []
    _gather(value, left_out, found)
    return found


def _gather(value: object, left_out: frozenset[str], found: list[str]) -> None:
    if isinstance(value, str):
        if value:
            found.append(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in left_out:
                _gather(inner, left_out, found)
    elif isinstance(value, list):
        for inner in value:
            _gather(inner, left_out, found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"the name `{twice[:80]}` stands twice in one object")
    return read


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at position {error.pos}"
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
