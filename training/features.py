"""Feature ids of texts, block by block, as the engine counts them.

A text is a run of blocks of 64 normalised bytes, a window a run of neighbouring blocks. All
features of a window lie side by side in `ids`, so windows cost nothing until they are summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from aidefence.engine import _native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

FEATURE_BITS = 20
TABLE_BITS = 18
TABLE_LEN = 1 << TABLE_BITS
WINDOW_BLOCKS = 6
SENTENCE_BLOCKS = 2
# A long text repeats itself: beyond this many features its score is a mean, not a sum over a root.
WHOLE_FEATURES_FREE = 400


@dataclass(frozen=True, slots=True)
class Blocks:
    """Features of many texts."""

    ids: NDArray[np.int32]
    block_starts: Ints
    text_starts: Ints
    # Where each block starts in its source text, in bytes.
    sources: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.text_starts) - 1


@dataclass(frozen=True, slots=True)
class Windows:
    """Runs of blocks `first..last` with the text they belong to."""

    text: Ints
    first: Ints
    last: Ints


def read(texts: Sequence[str]) -> Blocks:
    """Features of all texts."""
    blocks, counts, ids, sources = _native.ngrams(texts)
    return Blocks(
        (np.frombuffer(ids, np.uint32) >> (FEATURE_BITS - TABLE_BITS)).astype(np.int32),
        _starts(np.frombuffer(counts, np.uint32)),
        _starts(np.frombuffer(blocks, np.uint32)),
        np.frombuffer(sources, np.uint32),
    )


def _starts(counts: NDArray[Any]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def take(blocks: Blocks, keep: NDArray[np.bool_]) -> Blocks:
    """The texts that `keep` is true for."""
    texts = np.flatnonzero(keep)
    block_counts = np.diff(blocks.text_starts)[texts]
    wanted = _ranges(blocks.text_starts[:-1][texts], block_counts)
    feature_counts = np.diff(blocks.block_starts)[wanted]
    places = _ranges(blocks.block_starts[:-1][wanted], feature_counts)
    return Blocks(
        blocks.ids[places], _starts(feature_counts), _starts(block_counts), blocks.sources[wanted]
    )


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def whole(blocks: Blocks) -> Windows:
    """One window a text."""
    return Windows(np.arange(len(blocks)), blocks.text_starts[:-1], blocks.text_starts[1:])


def every(blocks: Blocks, size: int) -> Windows:
    """All runs of `size` blocks; the whole text where it is shorter."""
    lengths = np.diff(blocks.text_starts)
    counts = np.where(lengths <= size, 1, lengths - size + 1)
    text = np.repeat(np.arange(len(blocks)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    first = blocks.text_starts[:-1][text] + offset
    return Windows(text, first, np.minimum(first + size, blocks.text_starts[1:][text]))


def sizes(blocks: Blocks, windows: Windows) -> Ints:
    """Features of each window, counted with repeats, at least one."""
    return np.asarray(
        np.maximum(blocks.block_starts[windows.last] - blocks.block_starts[windows.first], 1)
    )


def rows(blocks: Blocks, windows: Windows) -> sparse.csr_matrix:
    """One row a window, one where the table is touched.

    Repeats are dropped on purpose: a text that says one thing a hundred times must not weigh a
    hundred times in training.
    """
    starts = blocks.block_starts[windows.first]
    lengths = blocks.block_starts[windows.last] - starts
    ids = blocks.ids[_ranges(starts, lengths)]
    matrix = sparse.csr_matrix(
        (np.ones(len(ids), np.float32), ids, _starts(lengths)), shape=(len(lengths), TABLE_LEN)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def window_norms(counts: Ints) -> Floats:
    """What the engine divides the sum of a window by, inverted."""
    return (1 / np.sqrt(counts)).astype(np.float32)


def whole_norms(counts: Ints) -> Floats:
    """What the engine divides the sum of a whole text by, inverted."""
    return (1 / np.sqrt(counts * np.maximum(1, counts / WHOLE_FEATURES_FREE))).astype(np.float32)


def sums(blocks: Blocks, windows: Windows, table: Floats) -> NDArray[np.float64]:
    """Sum of weights of each window, repeats counted, as the engine does."""
    running = np.concatenate([[0.0], np.cumsum(table[blocks.ids], dtype=np.float64)])
    at_block = running[blocks.block_starts]
    return np.asarray(at_block[windows.last] - at_block[windows.first])


def best(windows: Windows, values: NDArray[np.float64]) -> Ints:
    """For each text the index of its window with the highest value."""
    order = np.lexsort((-values, windows.text))
    leaders = np.diff(windows.text[order], prepend=-1) > 0
    return np.asarray(order[leaders])
