"""Every text in a tool's definition, with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.canonical import escape_key
from aidefence.domain.errors import LimitError
from aidefence.domain.tools import ToolDefinition

TEXTS_MAX = 20_000
_ASSEMBLED_MAX = 64_000
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_MARKS = re.compile(r"[_\-./:]+")
# A key that reads like a sentence is one; shorter ones are names of parameters.
_KEY_WORDS_MIN = 4


@dataclass(frozen=True, slots=True)
class Place:
    """One text of a definition; `kind` is its key, such as `description` or `enum`."""

    pointer: str
    kind: str
    text: str


def texts_of(tool: ToolDefinition) -> tuple[Place, ...]:
    """Collect name, title, description and every text in schemas, annotations and the rest."""
    places = [
        Place(tool.parts.get("name", tool.pointer), "name", tool.name),
        Place(tool.parts.get("title", tool.pointer), "title", tool.title),
        Place(tool.parts.get("description", tool.pointer), "description", tool.description),
    ]
    for part, value in (
        ("input", tool.input_schema),
        ("output", tool.output_schema),
        ("annotations", tool.annotations),
        ("other", dict(tool.other)),
    ):
        places += _walk(value, tool.parts.get(part, tool.pointer), part)
        if len(places) > TEXTS_MAX:
            raise LimitError("texts in one tool definition", len(places), TEXTS_MAX)
    return tuple(place for place in places if place.text.strip())


def assembled(places: Sequence[Place]) -> str:
    """Put all texts of a definition together: an order may be spread over its parameters."""
    return "\n".join(place.text for place in places if place.kind != "name")[:_ASSEMBLED_MAX]


def words_of(name: str) -> str:
    """Read a name as words: `sendEmail` and `send_email` are `send Email` and `send email`."""
    return " ".join(_CAMEL.sub(" ", _NAME_MARKS.sub(" ", name)).split())


def parameters_of(schema: object) -> Iterator[tuple[str, str, Mapping[str, object], bool]]:
    """Give key, name, schema and whether it is required, of every parameter at the top level."""
    if not isinstance(schema, Mapping):
        return
    properties, required = schema.get("properties"), schema.get("required")
    needed = set()
    if isinstance(required, Sequence) and not isinstance(required, str):
        needed = {name for name in required if isinstance(name, str)}
    if isinstance(properties, Mapping):
        for name, value in properties.items():
            inner = value if isinstance(value, Mapping) else {}
            yield f"/properties/{escape_key(name)}", name, inner, name in needed


def _walk(value: object, pointer: str, kind: str) -> Iterator[Place]:
    # A stack, since how deep a stranger nests is up to them.
    waiting: list[tuple[object, str, str]] = [(value, pointer, kind)]
    while waiting:
        value, pointer, kind = waiting.pop()
        if isinstance(value, str):
            yield Place(pointer, kind, value)
        elif isinstance(value, Mapping):
            for key, inner in reversed(value.items()) if isinstance(value, dict) else value.items():
                place = f"{pointer}/{escape_key(key)}"
                if len(key.split()) >= _KEY_WORDS_MIN or not key.isascii():
                    waiting.append((key, place, "key"))
                waiting.append((inner, place, key))
        elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            waiting += [(item, f"{pointer}/{at}", kind) for at, item in enumerate(value)][::-1]
