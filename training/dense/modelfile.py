"""The file that the engine reads: pieces, embeddings of 8 bits, the layers, the card."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAGIC = b"AIDD"
FORMAT = 1
ALIGN = 4
WIDTH = 3
HEAD = struct.Struct("<10I")


class DenseFileError(ValueError):
    """The bytes are no file of tier 2."""


@dataclass(slots=True)
class DenseFile:
    """Everything in the file. Layers are laid out so that outputs lie side by side."""

    pieces: list[str]
    scores: Floats
    scales: Floats
    rows: NDArray[np.int8]
    dilations: tuple[int, ...]
    # Each a bias and weights [tap][in][out].
    blocks: list[tuple[Floats, Floats]]
    queries: Floats
    inner: tuple[Floats, Floats]
    outer: tuple[Floats, Floats]
    window: int
    stride: int
    chunk: int
    card: dict[str, Any] = field(default_factory=dict)


def rounded(words: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """A scale for each row and its numbers in 8 bits."""
    scales = np.maximum(np.abs(words).max(1) / 127, 1e-12).astype(np.float32)
    return scales, np.rint(words / scales[:, None]).astype(np.int8)


def write(file: DenseFile) -> bytes:
    """The bytes, with a checksum at their end."""
    names = [name.encode() for name in file.pieces]
    offsets = np.cumsum([0, *map(len, names)])
    count, size = file.rows.shape
    weight, bias = file.inner
    heads, hidden, outputs = len(file.queries), len(bias), len(file.outer[1])
    head = HEAD.pack(
        FORMAT, count, size, len(file.dilations), heads, hidden, outputs,
        file.window, file.stride, file.chunk,
    )  # fmt: skip
    parts = [
        MAGIC + head,
        np.array(file.dilations, "<u4").tobytes(),
        offsets.astype("<u4").tobytes(),
        b"".join(names),
        *(_floats(part) for part in (file.scores, file.scales)),
        file.rows.tobytes(),
        *(_floats(part) for block in file.blocks for part in block),
        *(_floats(part) for part in (file.queries, weight, bias, *file.outer)),
    ]
    card = json.dumps(file.card, sort_keys=True, ensure_ascii=False).encode()
    body = b"".join(map(_aligned, [*parts, struct.pack("<I", len(card)) + card]))
    return body + struct.pack("<I", zlib.crc32(body))


def _aligned(part: bytes) -> bytes:
    return part + bytes(-len(part) % ALIGN)


def _floats(part: Floats) -> bytes:
    return np.ascontiguousarray(part, "<f4").tobytes()


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, size: int) -> bytes:
        part = self.raw[self.at : self.at + size]
        if len(part) != size:
            raise DenseFileError("the file ends too early")
        self.at += size + -size % ALIGN
        return part

    def floats(self, *shape: int) -> Floats:
        raw = self.take(4 * int(np.prod(shape)))
        return np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)


def read(raw: bytes) -> DenseFile:
    """What `write` wrote.

    Raises:
        DenseFileError: when it is not a file of this kind, or damaged.

    """
    if raw[:4] != MAGIC or len(raw) < len(MAGIC) + HEAD.size + 4:
        raise DenseFileError("no file of tier 2")
    if struct.unpack("<I", raw[-4:])[0] != zlib.crc32(raw[:-4]):
        raise DenseFileError("the file is damaged")
    cursor = _Cursor(raw[:-4])
    cursor.take(len(MAGIC))
    head = HEAD.unpack(cursor.take(HEAD.size))
    if head[0] != FORMAT:
        raise DenseFileError(f"format {head[0]}, expected {FORMAT}")
    count, size, depth, heads, hidden, outputs, window, stride, chunk = head[1:]
    dilations = tuple(np.frombuffer(cursor.take(4 * depth), "<u4").tolist())
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    blob = cursor.take(offsets[-1])
    names = [blob[start:end].decode() for start, end in pairwise(offsets)]
    scores, scales = cursor.floats(count), cursor.floats(count)
    rows = np.frombuffer(cursor.take(count * size), np.int8).reshape(count, size)
    blocks = [(cursor.floats(size), cursor.floats(WIDTH, size, size)) for _ in range(depth)]
    queries = cursor.floats(heads, size)
    inner = cursor.floats((heads + 1) * size, hidden), cursor.floats(hidden)
    outer = cursor.floats(hidden, outputs), cursor.floats(outputs)
    (length,) = struct.unpack("<I", cursor.take(4))
    card = json.loads(cursor.take(length))
    if cursor.at != len(cursor.raw):
        raise DenseFileError("bytes are left after the card")
    return DenseFile(
        names, scores, scales, rows, dilations, blocks, queries, inner, outer,
        window, stride, chunk, card,
    )  # fmt: skip
