"""Lines out of a stream of bytes, none of them longer than allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

_BEGINNING = 4_096
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, repr=False)
class Oversized:
    """A line that was too long: its beginning; the rest is gone."""

    beginning: bytes


Line = bytes | Oversized
Read = Callable[[int], Awaitable[bytes]]


async def lines(read: Read, bytes_max: int, *, keeps_empty: bool = False) -> AsyncIterator[Line]:
    """Give all lines with anything in them, until the stream ends; half a line is no message."""
    buffer, skipping = bytearray(), False
    while data := await read(_CHUNK):
        searched = len(buffer)
        buffer += data
        start = 0
        while (end := buffer.find(b"\n", max(start, searched))) >= 0:
            line = bytes(buffer[start:end])
            start = end + 1
            if skipping:
                skipping = False
            elif len(line) > bytes_max:
                yield Oversized(line[:_BEGINNING])
            elif keeps_empty or line.strip():
                yield line
        del buffer[:start]
        if skipping:
            buffer.clear()
        elif len(buffer) > bytes_max:
            beginning = bytes(buffer[:_BEGINNING])
            buffer.clear()
            skipping = True
            yield Oversized(beginning)
