"""Server-sent events: read from bytes that are cut anywhere, and written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from aidefence.delivery.proxy.jsontext import MalformedError, write

# Line ends must not be taken apart: `\r\n` is one of them, not two.
_BLANK = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_OVERLAP = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One event: as it came, and what it says. Comments alone say nothing."""

    raw: bytes = field(repr=False)
    name: bytes = b""
    data: bytes | None = field(default=None, repr=False)


class EventReader:
    """Cuts a stream of bytes into events."""

    __slots__ = ("_begun", "_buffer", "_limit", "_searched")

    def __init__(self, limit: int) -> None:
        """`limit` is how many bytes one event may have."""
        self._buffer = bytearray()
        self._searched = 0
        self._limit = limit
        self._begun = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes; gives the events that they complete.

        Raises:
            MalformedError: an event is longer than the limit.

        """
        self._buffer += chunk
        events: list[Event] = []
        at = 0
        search_from = max(0, self._searched - _OVERLAP)
        while (blank := _BLANK.search(self._buffer, search_from)) is not None:
            events.append(self._event(bytes(self._buffer[at : blank.end()])))
            at = search_from = blank.end()
        del self._buffer[:at]
        self._searched = len(self._buffer)
        if self._searched > self._limit:
            raise MalformedError(f"an event is longer than {self._limit} bytes")
        return events

    def finish(self) -> list[Event]:
        """Give what stands at the end without the blank line that ought to follow."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [self._event(rest.rstrip(b"\r\n") + b"\n\n")] if rest.strip() else []

    def _event(self, raw: bytes) -> Event:
        text = raw
        if not self._begun:
            self._begun = True
            text = raw.removeprefix(_BOM)
        name, data = b"", None
        for line in _LINE.split(text):
            key, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if key == b"data":
                data = value if data is None else data + b"\n" + value
            elif key == b"event":
                name = value
        return Event(raw, name, data)


def event(value: object, name: str | None = None) -> bytes:
    """Write an event."""
    said = b"data: " + write(value) + b"\n\n"
    return said if name is None else b"event: " + name.encode() + b"\n" + said


def named(value: dict[str, object]) -> bytes:
    """Write an event that is named by its type."""
    return event(value, str(value.get("type", "message")))
