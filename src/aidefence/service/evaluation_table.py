"""What an evaluation keeps of a text: score, label, digest and group codes; never the text."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from aidefence.domain.errors import AIDefenceError
from aidefence.service.intervals import Scores

DIMENSIONS = ("source", "category", "language", "length", "obfuscation")
GROUPS_MAX = 1000
OTHERS = "(all others)"

_DIGEST_BYTES = 16

Rows = NDArray[np.bool_]
Codes = NDArray[np.int64]


class ScoreError(AIDefenceError):
    """A detector gave something that is no score; counting it as benign would hide it."""


@dataclass(slots=True)
class Names:
    """Numbers names in order of appearance; beyond the limit, all others share one number."""

    codes: dict[str, int] = field(default_factory=dict)

    def code(self, name: str) -> int:
        """Return the number of a name."""
        found = self.codes.get(name)
        if found is not None:
            return found
        kept = name if len(self.codes) < GROUPS_MAX else OTHERS
        return self.codes.setdefault(kept, len(self.codes))


@dataclass(slots=True)
class Columns:
    """Columns that grow chunk by chunk: about 60 bytes a text."""

    _scores: list[Scores] = field(default_factory=list)
    _labels: bytearray = field(default_factory=bytearray)
    _digests: bytearray = field(default_factory=bytearray)
    _codes: dict[str, array[int]] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for dimension in DIMENSIONS:
            self._codes[dimension] = array("i")
            self.names[dimension] = Names()

    def add_scores(self, scores: Scores, count: int) -> None:
        """Take the scores of the next `count` texts.

        Raises:
            ScoreError: they are not that many, or not all in [0, 1].

        """
        if scores.shape != (count,):
            raise ScoreError(f"the detector gave {scores.size} scores for {count} texts")
        if not bool(np.all((scores >= 0.0) & (scores <= 1.0))):
            raise ScoreError("the detector gave a score that is not between 0 and 1")
        self._scores.append(scores)

    def add_text(self, digest: bytes, groups: Sequence[str], *, is_attack: bool) -> None:
        """Take one text's digest, label and groups, in the order of `DIMENSIONS`."""
        self._labels.append(is_attack)
        self._digests += digest
        for dimension, name in zip(DIMENSIONS, groups, strict=True):
            self._codes[dimension].append(self.names[dimension].code(name))

    def close(self) -> Table:
        """Return the columns as arrays."""
        halves = np.frombuffer(bytes(self._digests), dtype="<u8").reshape(-1, 2)
        pairs = np.empty(len(halves), dtype=[("first", "<u8"), ("second", "<u8")])
        pairs["first"], pairs["second"] = halves[:, 0], halves[:, 1]
        texts = np.unique(pairs, return_inverse=True)[1].reshape(-1)
        is_attack = np.frombuffer(bytes(self._labels), dtype=np.bool_)
        return Table(
            scores=np.concatenate(self._scores) if self._scores else np.empty(0),
            is_attack=is_attack,
            twins=texts.astype(np.int64) * 2 + is_attack,
            codes={name: np.asarray(codes, dtype=np.int64) for name, codes in self._codes.items()},
            names={name: tuple(it.codes) for name, it in self.names.items()},
            digest=_sum_of(halves, is_attack),
        )


@dataclass(frozen=True, slots=True)
class Table:
    """All texts of an evaluation in columns."""

    scores: Scores
    is_attack: Rows
    twins: Codes
    """Equal for equal texts with equal labels."""
    codes: dict[str, Codes]
    names: dict[str, tuple[str, ...]]
    digest: str
    """Equal for equal data, in whatever order and however often each text stands in it."""

    def unique(self) -> Rows:
        """Return the first of each text and label."""
        return _first_of(self.twins)

    def unique_in(self, dimension: str) -> Rows:
        """Return the first of each text and label in each group."""
        span = int(self.twins.max(initial=0)) + 1
        return _first_of(self.codes[dimension] * span + self.twins)

    def conflicts(self) -> int:
        """Count the texts that appear under both labels."""
        return int(np.unique(self.twins).size - np.unique(self.twins // 2).size)


def digest_of(text: str) -> bytes:
    """Return what stands for a text: it tells whether two texts are equal, and nothing else."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def _first_of(keys: Codes) -> Rows:
    first = np.zeros(keys.size, dtype=np.bool_)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def _sum_of(halves: NDArray[np.uint64], is_attack: Rows) -> str:
    rows = np.column_stack((halves, is_attack.astype(np.uint64)))
    return blake2b(np.unique(rows, axis=0).tobytes(), digest_size=_DIGEST_BYTES).hexdigest()
