"""Where chats come from: JSON files with one chat or a list of them, or JSONL with one a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BYTES_MAX = 256 << 20
# Under these a record may hold its messages, beside what it says of them.
_FIELDS = ("messages", "input", "turns", "conversation")


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat as it was written, and where it stands."""

    name: str
    given: object = field(repr=False)
    record_id: str | None = None


def read_chats(files: Sequence[str], tell: Callable[[str], None]) -> Iterator[Chat]:
    """Read all chats; what cannot be read goes to `tell`, and the rest goes on."""
    for name in files:
        try:
            data = _bytes(name)
        except OSError as error:
            tell(f"{name}: cannot be read: {(error.strerror or str(error)).lower()}")
            continue
        if len(data) > BYTES_MAX:
            tell(f"{name}: more than {BYTES_MAX} bytes")
            continue
        shown = "stdin" if name == "-" else name
        yield from _chats(shown, data.decode("utf-8-sig", "replace"), tell)


def _bytes(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(BYTES_MAX + 1)
    with Path(name).open("rb") as stream:
        return stream.read(BYTES_MAX + 1)


def _chats(name: str, text: str, tell: Callable[[str], None]) -> Iterator[Chat]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) > 1:
            yield from _lines(name, lines, tell)
        else:
            tell(f"{name}: not JSON: {error}")
        return
    if isinstance(whole, list) and whole and all(map(_holds_chat, whole)):
        for at, given in enumerate(whole):
            yield _chat(f"{name}/{at}", given)
    else:
        yield _chat(name, whole)


def _lines(
    name: str, lines: Sequence[tuple[int, str]], tell: Callable[[str], None]
) -> Iterator[Chat]:
    for number, line in lines:
        where = f"{name}:{number}"
        try:
            yield _chat(where, json.loads(line))
        except (ValueError, RecursionError) as error:
            tell(f"{where}: not JSON: {error}")


def _holds_chat(given: object) -> bool:
    return isinstance(given, Mapping) and any(isinstance(given.get(key), list) for key in _FIELDS)


def _chat(name: str, given: object) -> Chat:
    if not isinstance(given, Mapping):
        return Chat(name, given)
    record_id = given.get("id")
    known = str(record_id) if isinstance(record_id, str | int) else None
    for key in _FIELDS:
        messages = given.get(key)
        if isinstance(messages, list) and key not in {"messages", "input"}:
            return Chat(name, messages, known)
        if messages is not None:
            break
    return Chat(name, given, known)
