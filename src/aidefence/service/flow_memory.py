"""What is remembered of a trace: keyed digests only, so many and no more."""

from __future__ import annotations

import struct
import sys
from array import array
from hashlib import blake2b

# A digest, the event it came with, and marks.
_RECORD_BYTES = 8 + 4 + 1
_EVENT_MAX = (1 << 32) - 1
_COUNTS = struct.Struct("<II")


class Memory:
    """Digests with the event they came with. When it is full, the older half is forgotten."""

    __slots__ = ("_half", "_new", "_old", "forgot")

    def __init__(self, most: int) -> None:
        """Remember at least half of `most` digests, and at most all of them."""
        self._half = most // 2
        self._new: dict[int, tuple[int, int]] = {}
        self._old: dict[int, tuple[int, int]] = {}
        self.forgot = False

    def add(self, digest: int, event: int, marks: int = 0) -> None:
        """Remember a digest; marks of the same digest add up, the first event stays."""
        known = self.find(digest)
        if known is not None:
            event, marks = known[0], known[1] | marks
        if digest not in self._new and len(self._new) >= self._half:
            # Turned, not swept: no event pays for all that came before.
            self.forgot = self.forgot or bool(self._old)
            self._old, self._new = self._new, {}
        self._new[digest] = (min(event, _EVENT_MAX), marks)

    def find(self, digest: int) -> tuple[int, int] | None:
        """Give the event and the marks of a digest, if it is remembered."""
        return self._new.get(digest) or self._old.get(digest)

    def __bool__(self) -> bool:
        return bool(self._new or self._old)

    def __contains__(self, digest: int) -> bool:
        return digest in self._new or digest in self._old

    def dump(self) -> bytes:
        """Write all of it."""
        halves = self._old, self._new
        told = [_COUNTS.pack(*map(len, halves))]
        for half in halves:
            events, marks = zip(*half.values(), strict=True) if half else ((), ())
            told += [_little(array("Q", half)), _little(array("I", events)), bytes(marks)]
        return b"".join(told)

    def load(self, data: bytes) -> bytes:
        """Read what `dump` wrote and give the bytes behind it.

        Raises:
            ValueError: it is something else.

        """
        if len(data) < _COUNTS.size:
            raise ValueError("cut short")
        counts = _COUNTS.unpack_from(data)
        if max(counts) > self._half or len(data) < _COUNTS.size + sum(counts) * _RECORD_BYTES:
            raise ValueError("damaged")
        at, halves = _COUNTS.size, []
        for count in counts:
            digests = _read("Q", data[at : at + 8 * count])
            events = _read("I", data[at + 8 * count : at + 12 * count])
            marks = data[at + 12 * count : at + 13 * count]
            halves.append(dict(zip(digests, zip(events, marks, strict=True), strict=True)))
            at += _RECORD_BYTES * count
        self._old, self._new = halves
        return data[at:]


def _little(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _read(kind: str, data: bytes) -> array[int]:
    numbers = array(kind, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


class Printer:
    """Makes digests under a key: what is kept of a trace tells nothing without it."""

    __slots__ = ("_base",)

    def __init__(self, key: bytes) -> None:
        """Take the key of this installation."""
        self._base = blake2b(key=key[:64], digest_size=8)

    def __call__(self, text: str) -> int:
        """Give the digest of a text."""
        state = self._base.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(state.digest(), "little")
