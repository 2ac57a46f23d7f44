"""Records in a file: a mark, two lengths and a checksum before each; what is torn is seen."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

# No text in UTF-8 holds such a byte: nobody can write a record into a record.
MARK = b"\xffAJ1"
_HEAD = Struct("<4sIII")
HEAD_BYTES = _HEAD.size
FRAME_BYTES_MAX = 32 << 20
_pack = _HEAD.pack
_unpack = _HEAD.unpack_from


class Frame(NamedTuple):
    """One record: what is always kept of a decision, and its sealed contents if there are any."""

    body: bytes
    kept: bytes
    end: int
    """Where the next one begins."""
    damaged: int
    """Bytes before this one that are no record."""


def pack_frame(body: bytes, kept: bytes = b"") -> bytes:
    """Write one record."""
    size = len(kept)
    # Begun with a length, so that the border between both parts is covered as well.
    check = crc32(body, size)
    if size:
        check = crc32(kept, check)
        return _pack(MARK, len(body), size, check) + body + kept
    return _pack(MARK, len(body), 0, check) + body


def read_frames(data: bytes, start: int = 0) -> Iterator[Frame]:
    """Read whole records, and skip what is none between them.

    A record that is cut off at the end is not given: it may still be written.
    """
    at, damaged = start, 0
    while True:
        frame = _read(data, at, damaged)
        if frame is not None:
            yield frame
            at, damaged = frame.end, 0
            continue
        # Whether it is torn or only not yet whole is known when another whole one follows.
        after = data.find(MARK, at + 1)
        while after >= 0 and _read(data, after, 0) is None:
            after = data.find(MARK, after + 1)
        if after < 0:
            return
        at, damaged = after, damaged + after - at


def _read(data: bytes, at: int, damaged: int) -> Frame | None:
    if len(data) - at < HEAD_BYTES:
        return None
    mark, body_bytes, kept_bytes, check = _unpack(data, at)
    if mark != MARK or body_bytes + kept_bytes > FRAME_BYTES_MAX:
        return None
    begin = at + HEAD_BYTES
    border = begin + body_bytes
    end = border + kept_bytes
    if end > len(data):
        return None
    body, kept = data[begin:border], data[border:end]
    if crc32(kept, crc32(body, kept_bytes)) != check:
        return None
    return Frame(body, kept, end, damaged)
