"""Measure a detector on labelled texts: overall, and by source, category and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aidefence.domain.errors import AIDefenceError
from aidefence.service.measures import Measurement, Scores, Share, measure

Scorer: TypeAlias = Callable[[Sequence[str]], Scores]
"""Gives each text a score in [0, 1]; higher means more like an attack."""

FPR_LIMITS = (0.01, 0.05)

_CHUNK_RECORDS = 4096
_LINE_BYTES_MAX = 64 * 1024 * 1024
_UNKNOWN = "unknown"


class Duplicates(StrEnum):
    """What happens to a text that appears again with the same label."""

    DROP = "drop"
    KEEP = "keep"


class LabelledDataError(AIDefenceError):
    """A labelled file cannot be read as such; says where."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.path = path
        self.line = line


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One line of a labelled file."""

    text: str = field(repr=False)
    is_attack: bool
    source: str
    category: str
    language: str
    task: str


@dataclass(frozen=True, slots=True)
class Group:
    """A slice of the data: measured at its own benign texts, and at the thresholds of the whole."""

    own: Measurement
    pooled: dict[float, tuple[Share | None, Share | None]]
    """By FPR limit of the whole data: recall and FPR of this slice at that threshold."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one evaluation."""

    threshold: float
    overall: Group
    by: dict[str, dict[str, Group]]
    read: int
    duplicates: int
    conflicts: int
    """Texts that appear under both labels; they are counted under both."""


def read_labelled(paths: Iterable[Path], *, task: str | None = None) -> Iterator[LabelledText]:
    """Yield the records of JSONL files in order, those of one task only if `task` is given."""
    for path in paths:
        try:
            with path.open("rb") as lines:
                pieces = iter(lambda: lines.readline(_LINE_BYTES_MAX + 1), b"")
                for number, line in enumerate(pieces, start=1):
                    if not line.strip():
                        continue
                    record = _parse(line, path, number)
                    if task is None or record.task == task:
                        yield record
        except OSError as error:
            raise LabelledDataError(path, 0, (error.strerror or str(error)).lower()) from error


def evaluate(
    records: Iterable[LabelledText],
    score: Scorer,
    *,
    threshold: float,
    duplicates: Duplicates = Duplicates.DROP,
    progress: Callable[[int], None] = lambda _count: None,
) -> Evaluation:
    """Score all records in chunks; only digests, labels and scores are kept in memory."""
    table = _Table.collect(records, score, progress)
    names = {"source": table.sources, "category": table.categories, "language": table.languages}
    keep_all = duplicates is Duplicates.KEEP
    everything = np.ones(table.scores.size, dtype=np.bool_)
    unique = everything if keep_all else _first_of(table.twins())
    whole = _measure(table, unique, threshold)
    limits = {x: point.threshold for x, point in whole.at_fpr.items()}
    by: dict[str, dict[str, Group]] = {}
    for dimension, labels in names.items():
        # A text may stand in two sources: it counts once in each, and once in the whole.
        kept = everything if keep_all else _first_of(zip(labels, table.twins(), strict=True))
        by[dimension] = {
            name: _group(
                table, kept & (np.asarray(labels, dtype=object) == name), threshold, limits
            )
            for name in sorted(set(labels))
        }
    return Evaluation(
        threshold=threshold,
        overall=_group(table, unique, threshold, limits),
        by=by,
        read=table.scores.size,
        duplicates=table.scores.size - int(np.count_nonzero(_first_of(table.twins()))),
        conflicts=_conflicts(table),
    )


@dataclass(slots=True)
class _Table:
    scores: Scores
    is_attack: NDArray[np.bool_]
    digests: list[bytes]
    sources: list[str]
    categories: list[str]
    languages: list[str]

    @classmethod
    def collect(
        cls, records: Iterable[LabelledText], score: Scorer, progress: Callable[[int], None]
    ) -> _Table:
        table = cls(np.empty(0), np.empty(0, dtype=np.bool_), [], [], [], [])
        scores: list[Scores] = []
        labels: list[bool] = []
        stream = iter(records)
        while chunk := list(islice(stream, _CHUNK_RECORDS)):
            scores.append(np.asarray(score([r.text for r in chunk]), dtype=np.float64))
            for record in chunk:
                labels.append(record.is_attack)
                table.digests.append(_digest(record.text))
                table.sources.append(record.source)
                table.categories.append(record.category)
                table.languages.append(record.language)
            progress(len(chunk))
        if scores:
            table.scores = np.concatenate(scores)
        table.is_attack = np.asarray(labels, dtype=np.bool_)
        return table

    def twins(self) -> list[tuple[bytes, bool]]:
        return list(zip(self.digests, self.is_attack.tolist(), strict=True))


def _measure(table: _Table, rows: NDArray[np.bool_], threshold: float) -> Measurement:
    return measure(
        table.scores[rows & table.is_attack],
        table.scores[rows & ~table.is_attack],
        threshold=threshold,
        fpr_limits=FPR_LIMITS,
    )


def _group(
    table: _Table, rows: NDArray[np.bool_], threshold: float, limits: dict[float, float]
) -> Group:
    pooled: dict[float, tuple[Share | None, Share | None]] = {}
    for limit, at in limits.items():
        here = measure(
            table.scores[rows & table.is_attack],
            table.scores[rows & ~table.is_attack],
            threshold=at,
            fpr_limits=(),
        )
        pooled[limit] = (here.recall, here.fpr)
    return Group(own=_measure(table, rows, threshold), pooled=pooled)


def _first_of(keys: Iterable[object]) -> NDArray[np.bool_]:
    seen: set[object] = set()
    first: list[bool] = []
    for key in keys:
        first.append(key not in seen)
        seen.add(key)
    return np.asarray(first, dtype=np.bool_)


def _conflicts(table: _Table) -> int:
    return len(set(table.twins())) - len(set(table.digests))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _parse(line: bytes, path: Path, number: int) -> LabelledText:
    if len(line) > _LINE_BYTES_MAX:
        raise LabelledDataError(path, number, f"line is longer than {_LINE_BYTES_MAX} bytes")
    try:
        record = json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LabelledDataError(path, number, f"not JSON: {error}") from error
    if not isinstance(record, dict):
        raise LabelledDataError(path, number, "not a JSON object")
    text, label = record.get("text"), record.get("label")
    if not isinstance(text, str):
        raise LabelledDataError(path, number, "field `text` must be a string")
    if label not in ("attack", "benign"):
        raise LabelledDataError(path, number, "field `label` must be `attack` or `benign`")

    def name(key: str) -> str:
        value = record.get(key)
        return value if isinstance(value, str) and value else _UNKNOWN

    return LabelledText(
        text=text,
        is_attack=label == "attack",
        source=name("source"),
        category=name("category"),
        language=name("lang"),
        task=name("task"),
    )
