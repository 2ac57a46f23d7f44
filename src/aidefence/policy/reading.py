"""JSON of whole numbers, read strictly: what is not expected is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError

TEXT_LEN_MAX = 4_096
_DEPTH_MAX = 200


def read_json(data: bytes) -> object:
    """Read JSON that holds whole numbers only and no key twice.

    Raises:
        ImageError: it is something else.

    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_once,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise ImageError("", "it is nested too deep") from None
    except ValueError as error:
        raise ImageError("", f"it is not JSON: {error}") from None


def keys_of(
    value: object, place: str, needed: Sequence[str], more: Sequence[str] = ()
) -> dict[str, object]:
    """Give an object that has all keys that are needed, and none that is not known.

    Raises:
        ImageError: it is something else.

    """
    if not isinstance(value, dict):
        raise ImageError(place, "not an object")
    for name in needed:
        if name not in value:
            raise ImageError(place, f"the key `{name}` is missing")
    for name in value:
        if name not in needed and name not in more:
            raise ImageError(place, f"the key `{name[:80]}` is not known")
    return value


def list_of(value: object, place: str) -> list[object]:
    """Give a list.

    Raises:
        ImageError: it is something else.

    """
    if not isinstance(value, list):
        raise ImageError(place, "not a list")
    return value


def text_of(value: object, place: str) -> str:
    """Give a text that can be written as UTF-8.

    Raises:
        ImageError: it is something else.

    """
    if not isinstance(value, str):
        raise ImageError(place, "not a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ImageError(place, "it holds half a surrogate pair") from None
    return value


def whole_of(value: object, place: str) -> int:
    """Give a whole number.

    Raises:
        ImageError: it is something else.

    """
    if type(value) is not int:
        raise ImageError(place, "not a whole number")
    return value


def action_of(value: object, place: str) -> Action:
    """Give the action of a code.

    Raises:
        ImageError: it is none.

    """
    code = whole_of(value, place)
    if not 0 <= code < len(ACTIONS):
        raise ImageError(place, f"not the code of an action, 0 to {len(ACTIONS) - 1}")
    return ACTIONS[code]


def tuples(value: object, place: str, depth: int = _DEPTH_MAX) -> tuple[object, ...]:
    """Give nested lists as nested tuples.

    Raises:
        ImageError: it is no list, or nested too deep.

    """
    if not isinstance(value, list | tuple):
        raise ImageError(place, "not a list")
    if depth == 0:
        raise ImageError(place, f"nested deeper than {_DEPTH_MAX} levels")
    return tuple(
        tuples(it, place, depth - 1) if isinstance(it, list | tuple) else it for it in value
    )


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ImageError("", f"the key `{twice[:80]}` stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ImageError("", f"`{text[:80]}` is not a whole number")
