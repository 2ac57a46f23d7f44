"""Every text in a message with its place, and the way to put another text there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from aidefence.domain.canonical import DEPTH_MAX, escape_key
from aidefence.domain.errors import LimitError
from aidefence.domain.relaying import Passage

TEXTS_MAX = 20_000
_NAMES = frozenset({"type", "mimeType", "role", "jsonrpc", "method"})
_NAME_MAX = 64
_MEDIA = frozenset({"image", "audio"})
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/yaml")


def passages_of(value: object, pointer: str = "") -> list[Passage]:
    """Give all texts, at any depth: values, keys that are sentences, and text inside of blobs.

    Raises:
        LimitError: there are more than can be told apart in time.

    """
    found = []
    for passage in _walk(value, pointer):
        found.append(passage)
        if len(found) > TEXTS_MAX:
            raise LimitError("texts in one message", len(found), TEXTS_MAX)
    return found


def with_texts(value: Any, texts: Mapping[str, str], pointer: str = "") -> Any:  # noqa: ANN401
    """Give the same value with other texts at some places; what lies elsewhere is shared."""
    if isinstance(value, str):
        text = texts.get(pointer)
        if text is None:
            return value
        is_blob = pointer.endswith("/blob")
        return base64.b64encode(text.encode()).decode() if is_blob else text
    if isinstance(value, dict):
        return {
            key: with_texts(it, texts, f"{pointer}/{escape_key(key)}") for key, it in value.items()
        }
    if isinstance(value, list):
        return [with_texts(it, texts, f"{pointer}/{at}") for at, it in enumerate(value)]
    return value


def _walk(value: object, pointer: str, depth: int = 0) -> Iterator[Passage]:
    if depth > DEPTH_MAX:
        raise LimitError("levels of nesting", depth, DEPTH_MAX)
    if isinstance(value, str):
        if value.strip():
            yield Passage(pointer, value)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _walk(item, f"{pointer}/{at}", depth + 1)
    elif isinstance(value, dict):
        yield from _walk_object(value, pointer, depth)


def _walk_object(value: Mapping[str, object], pointer: str, depth: int) -> Iterator[Passage]:
    for key, item in value.items():
        place = f"{pointer}/{escape_key(key)}"
        if " " in key:
            yield Passage(f"{place}#", key)
        if isinstance(item, str):
            if key in _NAMES and len(item) <= _NAME_MAX and " " not in item:
                continue
            if key == "data" and value.get("type") in _MEDIA:
                continue
            if key == "blob":
                yield from _walk(_text_in(item, value.get("mimeType")), place)
                continue
        yield from _walk(item, place, depth + 1)


def _text_in(blob: str, kind: object) -> str:
    """Open a blob that is text by its type, or has none."""
    if isinstance(kind, str) and kind and not kind.lower().startswith(_TEXT_TYPES):
        return ""
    try:
        return base64.b64decode(blob, validate=False).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
