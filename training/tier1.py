"""The steps that make the tier-1 model; a broken run goes on where it stopped."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aidefence.engine import _native
from training import data, features, fusion, metrics, modelfile, ngram

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.assembly import Corpus

RULES = data.REPOSITORY / "src" / "aidefence" / "rules"
FLAG_CONFIDENCE = 0.80
NEVER = [2.0] * 19
NAME = "aidefence-tier1"
# Models that leave a fold out only serve to weigh rules against n-grams: one pass is enough.
FOLD_SETTINGS = ngram.Settings(rounds=0, iterations=30)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was chosen."""

    ngram: ngram.Settings
    fusion: fusion.Settings


class Progress:
    """Says what is running and how long the rest will take."""

    def __init__(self, steps: int) -> None:
        self._steps, self._done, self._began = steps, 0, time.monotonic()

    def step(self, name: str) -> None:
        """Announces the next step."""
        spent = time.monotonic() - self._began
        left = (
            f", about {spent / self._done * (self._steps - self._done):.0f} s left"
            if self._done
            else ""
        )
        print(f"[{self._done + 1}/{self._steps}] {name} ({spent:.0f} s so far{left})", flush=True)
        self._done += 1


def rule_files() -> list[tuple[str, str]]:
    """All rule and lexicon files of the package, as the engine takes them."""
    return [
        (str(path.relative_to(RULES)), path.read_text(encoding="utf-8"))
        for path in sorted(RULES.rglob("*.yml"))
    ]


def fit_fold(
    given: ngram.Examples, corpus: Corpus, without: int | None, settings: ngram.Settings, work: Path
) -> ngram.Bytes:
    """The linear model without one fold (`None`: with all), from the cache where it is there."""
    path = (
        work / f"ngram-{_key(given, corpus, settings)}-{'all' if without is None else without}.npz"
    )
    if not path.exists():
        part = given if without is None else given.without(corpus.fold == without)
        use = np.bincount(part.blocks.ids, minlength=features.TABLE_LEN)
        rounded = ngram.quantise(ngram.fit(part, settings), use)
        np.savez(path, table=rounded.table, scale=rounded.scale, bias=rounded.bias)
    saved = np.load(path)
    return ngram.Bytes(saved["table"], float(saved["scale"]), float(saved["bias"]))


def _key(given: ngram.Examples, corpus: Corpus, settings: ngram.Settings) -> str:
    digest = hashlib.sha256(repr((asdict(settings), ngram.WHOLE_BLOCKS_MAX)).encode())
    for array in (
        given.blocks.ids,
        given.blocks.text_starts,
        corpus.attack,
        corpus.weight,
        corpus.fold,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def bare_model(part: ngram.Bytes) -> bytes:
    """A model file whose combiner says nothing: enough for the engine to give features."""
    inputs = len(_native.FEATURES)
    flat = np.zeros(inputs, np.float32)
    silent = modelfile.Fusion(
        flat, flat + 1, np.zeros((0, inputs), np.float32), flat[:0], flat, 0.0
    )
    line = modelfile.Calibration(
        np.array([-8.0, 8.0], np.float32), np.array([0.01, 0.99], np.float32)
    )
    return modelfile.write(modelfile.Model({"name": NAME}, _ngram_part(part), silent, line))


def _ngram_part(part: ngram.Bytes) -> modelfile.Ngram:
    return modelfile.Ngram(
        features.TABLE_BITS,
        part.scale,
        part.bias,
        features.WINDOW_BLOCKS,
        1,
        features.WINDOW_BLOCKS,
        part.table,
    )


def dense(
    model: bytes, rules: list[tuple[str, str]], texts: list[str], origins: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """The engine's features of each text."""
    engine = _native.Engine(rules, model, flag=NEVER, block=NEVER)
    raw = engine.features(texts, [int(origin) for origin in origins])
    return np.frombuffer(raw, np.float32).reshape(len(texts), len(_native.FEATURES))


def held_out_rows(
    given: ngram.Examples,
    corpus: Corpus,
    rules: list[tuple[str, str]],
    work: Path,
    say: Callable[[str], None],
) -> NDArray[np.float32]:
    """Features of every training text under a linear model that never saw its source."""
    rows = np.zeros((len(corpus.records), len(_native.FEATURES)), np.float32)
    for fold in range(data.FOLD_COUNT):
        say(f"linear model without fold {fold}")
        part = fit_fold(given, corpus, fold, FOLD_SETTINGS, work)
        mine = np.flatnonzero(corpus.fold == fold)
        rows[mine] = dense(
            bare_model(part),
            rules,
            [corpus.records[text].text for text in mine],
            corpus.origin[mine],
        )
    return rows


@dataclass(frozen=True, slots=True)
class Held:
    """Scores of texts the scoring model was not trained on."""

    logits: metrics.Floats
    attack: metrics.Flags
    weight: metrics.Floats | None
    records: list[data.Record]


def held_out_logits(
    corpus: Corpus, rows: NDArray[np.float32], settings: fusion.Settings
) -> metrics.Floats:
    """Logits of every training text under evidence weights that never saw its source either."""
    logits = np.zeros(len(rows))
    for fold in range(data.FOLD_COUNT):
        gone = corpus.fold == fold
        weight = corpus.weight[~gone].astype(float)
        weights = fusion.weigh(rows[~gone], corpus.attack[~gone], weight, settings)
        logits[gone] = fusion.apply(fusion.combiner(weights, settings), rows[gone])
    return logits


def assemble(
    part: ngram.Bytes,
    combiner: modelfile.Fusion,
    calibration: modelfile.Calibration,
    corpus: Corpus,
    categories: modelfile.Categories | None,
) -> bytes:
    """The finished model file."""
    origin = hashlib.sha256("\n".join(record.id for record in corpus.records).encode()).hexdigest()
    meta = {
        "name": NAME,
        "created_from": origin,
        "features": {
            "table_bits": features.TABLE_BITS,
            "window_blocks": features.WINDOW_BLOCKS,
            "sentence_blocks": features.SENTENCE_BLOCKS,
            "whole_features_free": features.WHOLE_FEATURES_FREE,
            "dense": list(_native.FEATURES),
        },
    }
    return modelfile.write(
        modelfile.Model(meta, _ngram_part(part), combiner, calibration, categories)
    )
