"""Measure a detector on labelled texts: overall, and by every way to cut the data."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from aidefence.domain.decision import Decision
from aidefence.service.curves import (
    HistogramBin,
    Reliability,
    RocPoint,
    histogram,
    reliability,
    roc,
)
from aidefence.service.evaluation_cases import Case, Witness, Worst, make_case
from aidefence.service.evaluation_latency import LatencyReport, Sample, time_sample
from aidefence.service.evaluation_table import DIMENSIONS, Columns, Rows, Table, digest_of
from aidefence.service.intervals import Scores
from aidefence.service.labelled import LabelledText
from aidefence.service.measures import Estimate, Measurement, Share, estimate_auc, measure, share_at

Scorer: TypeAlias = Callable[[Sequence[str]], Scores]
"""Gives each text a score in [0, 1]; higher means more like an attack."""

FPR_LIMITS = (0.002, 0.01, 0.05)
LENGTHS = (
    *((64, "0-64"), (256, "65-256"), (1024, "257-1024"), (4096, "1025-4096")),
    *((16_384, "4097-16384"), (math.inf, "16385+")),
)
"""The longest text of each class, in code points, and its name."""
NOT_HIDDEN = "none seen"
WAY_UNKNOWN = "decoded, way unknown"

_CHUNK_RECORDS = 4096
_CHUNK_CHARACTERS = 16 * 1024 * 1024


class Duplicates(StrEnum):
    """What happens to a text that appears again with the same label."""

    DROP = "drop"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Group:
    """A slice of the data: measured at its own benign texts, and at the thresholds of the whole."""

    own: Measurement
    pooled: dict[float, tuple[Share | None, Share | None]]
    """By FPR limit of the whole data: recall and FPR of this slice at that threshold."""
    auc_against_all: Estimate | None
    """Its attacks against all benign texts; without attacks, all attacks against its benign."""
    reliability: Reliability | None


@dataclass(frozen=True, slots=True)
class Curves:
    """What the plots of the whole data show."""

    roc: tuple[RocPoint, ...]
    histogram: tuple[HistogramBin, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one evaluation."""

    threshold: float
    overall: Group
    curves: Curves
    by: dict[str, dict[str, Group]]
    misses: tuple[Case, ...]
    false_alarms: tuple[Case, ...]
    latency: LatencyReport | None
    told_by: dict[str, int]
    """How many texts' obfuscation was told by the record, by findings, or by nothing."""
    tiers: dict[tuple[int, ...], tuple[int, int]]
    """How many attacks and how many benign texts went through which tiers, repeats counted."""
    degraded: dict[str, tuple[str, int]]
    """Checks that did not run, or not to the end: the reason, and on how many texts."""
    data_digest: str
    read: int
    duplicates: int
    conflicts: int
    """Texts that appear under both labels; they are counted under both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an evaluation is done."""

    threshold: float
    duplicates: Duplicates = Duplicates.DROP
    worst: int = 10
    show_texts: bool = False
    latency_calls: int = 0
    progress: Callable[[int], None] = field(default=lambda _count: None)
    now_ns: Callable[[], int] = time.perf_counter_ns


def evaluate(
    records: Iterable[LabelledText],
    score: Scorer,
    options: Options,
    witness: Witness | None = None,
) -> Evaluation:
    """Score all records in chunks; only digests, labels, scores and a small sample are kept.

    `witness` tells how texts are hidden, why the worst ones have their scores, and how long single
    calls take; without one, what only it can tell is left out.

    Raises:
        ScoreError: the scorer gave something that is no score.
        LabelledDataError: a record cannot be read.

    """
    run = _Run(options, witness)
    for chunk in _chunks(records):
        run.take(chunk, np.asarray(score([it.text for it in chunk]), dtype=np.float64))
        options.progress(len(chunk))
    table = run.columns.close()
    latency = None
    if witness is not None:
        latency = time_sample(run.sample.texts, witness.decide_one, options.now_ns)
    unique = _counted(table, table.unique(), options)
    attack, benign = _split(table, unique)
    overall = _group(attack, benign, options.threshold, {}, (attack, benign))
    return Evaluation(
        threshold=options.threshold,
        overall=overall,
        curves=Curves(roc(attack, benign), histogram(attack, benign)),
        by=_groups(table, options, overall, (attack, benign)),
        misses=run.misses.cases(),
        false_alarms=run.false_alarms.cases(),
        latency=latency,
        told_by={way: run.told_by[way] for way in ("record", "findings", "nothing")},
        tiers=dict(sorted(run.tiers.items())),
        degraded=run.degraded,
        data_digest=table.digest,
        read=table.scores.size,
        duplicates=table.scores.size - int(np.count_nonzero(table.unique())),
        conflicts=table.conflicts(),
    )


def length_class(characters: int) -> str:
    """Name the class of a length in code points."""
    return next(name for limit, name in LENGTHS if characters <= limit)


class _Run:
    """What grows while records stream by."""

    def __init__(self, options: Options, witness: Witness | None) -> None:
        self._options = options
        self._witness = witness
        self.columns = Columns()
        self.misses = Worst(options.worst)
        self.false_alarms = Worst(options.worst)
        self.sample = Sample(options.latency_calls)
        self.told_by: Counter[str] = Counter()
        self.tiers: dict[tuple[int, ...], tuple[int, int]] = {}
        self.degraded: dict[str, tuple[str, int]] = {}

    def take(self, chunk: list[LabelledText], scores: Scores) -> None:
        self.columns.add_scores(scores, len(chunk))
        decisions: Sequence[Decision | None] = [None] * len(chunk)
        if self._witness is not None:
            decisions = self._witness.decide([it.text for it in chunk])
        for record, score, decision in zip(chunk, scores.tolist(), decisions, strict=True):
            self._take_one(record, score, decision)

    def _take_one(self, record: LabelledText, score: float, decision: Decision | None) -> None:
        digest = digest_of(record.text)
        way = self._way(record, decision)
        names = record.source, record.category, record.language, length_class(len(record.text)), way
        self.columns.add_text(digest, names, is_attack=record.is_attack)
        self.sample.offer(record.text)
        if decision is not None:
            self._count(decision, is_attack=record.is_attack)

        def case() -> Case:
            shown = self._options.show_texts
            return make_case(record, score, digest.hex(), way, self._witness, show_text=shown)

        flagged = score >= self._options.threshold
        if record.is_attack and not flagged:
            self.misses.offer(-score, digest.hex(), case)
        elif flagged and not record.is_attack:
            self.false_alarms.offer(score, digest.hex(), case)

    def _count(self, decision: Decision, *, is_attack: bool) -> None:
        attacks, benign = self.tiers.get(decision.tiers, (0, 0))
        self.tiers[decision.tiers] = attacks + is_attack, benign + (not is_attack)
        for missed in decision.degraded:
            _, texts = self.degraded.get(missed.check, (missed.reason, 0))
            self.degraded[missed.check] = missed.reason, texts + 1

    def _way(self, record: LabelledText, decision: Decision | None) -> str:
        """Name how a text is hidden: the record's word first, then the strongest finding's."""
        if record.obfuscation is not None:
            self.told_by["record"] += 1
            return record.obfuscation
        chain: tuple[str, ...] = ()
        if decision is not None and decision.has_findings:
            chain = next((it.chain for it in decision.findings if it.chain), ())
        if chain:
            self.told_by["findings"] += 1
            return " > ".join(chain)
        self.told_by["record" if record.hidden else "nothing"] += 1
        return WAY_UNKNOWN if record.hidden else NOT_HIDDEN


def _groups(
    table: Table, options: Options, overall: Group, whole: tuple[Scores, Scores]
) -> dict[str, dict[str, Group]]:
    limits = {x: point.threshold for x, point in overall.own.at_fpr.items()}
    by: dict[str, dict[str, Group]] = {}
    for dimension in DIMENSIONS:
        # A text may stand in two sources: it counts once in each, and once in the whole.
        kept = np.flatnonzero(_counted(table, table.unique_in(dimension), options))
        codes = table.codes[dimension][kept]
        order = np.argsort(codes, kind="stable")
        names = table.names[dimension]
        edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
        groups: dict[str, Group] = {}
        for code in sorted(range(len(names)), key=lambda it: _place(dimension, names[it])):
            rows = kept[order[edges[code] : edges[code + 1]]]
            attack, benign = _split(table, rows)
            groups[names[code]] = _group(attack, benign, options.threshold, limits, whole)
        by[dimension] = groups
    return by


def _group(
    attack: Scores,
    benign: Scores,
    threshold: float,
    limits: dict[float, float],
    whole: tuple[Scores, Scores],
) -> Group:
    own = measure(attack, benign, threshold=threshold, fpr_limits=FPR_LIMITS)
    pooled: dict[float, tuple[Share | None, Share | None]] = {
        limit: (share_at(attack, at), share_at(benign, at)) for limit, at in limits.items()
    }
    # The whole is drawn at its own thresholds.
    pooled |= {x: (point.recall, point.fpr) for x, point in own.at_fpr.items() if not limits}
    against = own.auc
    if attack is not whole[0]:
        pair = (attack, whole[1]) if attack.size else (whole[0], benign)
        against = estimate_auc(*pair)
    return Group(own, pooled, against, reliability(attack, benign))


def _counted(table: Table, first: Rows, options: Options) -> Rows:
    if options.duplicates is Duplicates.KEEP:
        return np.ones(table.scores.size, dtype=np.bool_)
    return first


def _split(table: Table, rows: np.ndarray) -> tuple[Scores, Scores]:
    scores, is_attack = table.scores[rows], table.is_attack[rows]
    # In order once: every measure searches in them, and ordered needles are found much faster.
    return np.sort(scores[is_attack]), np.sort(scores[~is_attack])


def _place(dimension: str, name: str) -> tuple[int, str]:
    if dimension != "length":
        return 0, name
    return [it for _, it in LENGTHS].index(name), name


def _chunks(records: Iterable[LabelledText]) -> Iterator[list[LabelledText]]:
    chunk: list[LabelledText] = []
    characters = 0
    for record in records:
        chunk.append(record)
        characters += len(record.text)
        if len(chunk) >= _CHUNK_RECORDS or characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
