# ruff: noqa: D103 - the name of a test says what it shows
"""The card of tier 3 says to the product exactly what was measured here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aidefence.domain.reading import EncoderReading, brevity
from aidefence.fuse.deep import DeepFusion
from aidefence.knowledge import deep, models
from training import data, metrics
from training.encoder import deepcard, fuse

if TYPE_CHECKING:
    from pathlib import Path

READ = 4 + len(data.CATEGORIES)
TEXT = "a text of some length"


def record(number: int, *, attack: bool) -> data.Record:
    source, place = f"source{number % 5}", 0 if number % 11 == 0 else 1
    return data.Record(f"r{number}", TEXT, attack, "benign", source, "en", "MIT", place, None, None)


def judged(seed: int = 1, count: int = 3000) -> deepcard.Judged:
    dice = np.random.default_rng(seed)
    attack = dice.random(count) < 0.3
    logits = dice.normal(0, 1, count) + attack
    brevities = np.full(count, brevity(len(TEXT)))
    scanned = fuse.Scanned(logits, 1 / (1 + np.exp(4 - logits)), brevities)
    low, high = fuse.band_of(scanned, attack)
    inside = np.flatnonzero((scanned.confidences >= low) & (scanned.confidences <= high))
    readings = dice.normal(0, 1, (len(inside), READ)) + 2.0 * attack[inside, None]
    rows = fuse.rows_of(scanned, inside, readings)
    records = [record(at, attack=bool(one)) for at, one in enumerate(attack)]
    return deepcard.Judged(records, scanned, inside, rows, readings)


def fitted(given: deepcard.Judged) -> fuse.Weights:
    attack, sources = given.attack[given.inside], given.sources[given.inside]
    return fuse.fit(given.rows, attack, fuse.weigh(sources, attack))


def test_at_most_a_tenth_of_harmless_texts_is_read() -> None:
    given = judged()
    attack = given.attack
    read = np.isin(np.arange(len(attack)), given.inside)
    assert 0.08 < read[~attack].mean() <= 0.1
    assert read[attack].mean() > read[~attack].mean()


def test_no_weight_speaks_for_innocence() -> None:
    given = judged()
    rows, attack = given.rows.copy(), given.attack[given.inside]
    rows[:, 0] *= -1
    weights = fuse.fit(rows, attack, np.ones(len(attack)))
    assert weights.values[0] == 0.0
    assert min(weights.values) >= 0.0
    assert max(weights.values) > 0.0


def test_a_source_left_out_is_judged_by_weights_that_never_saw_it() -> None:
    given = judged()
    attack, sources = given.attack[given.inside], given.sources[given.inside]
    odd = np.where(sources == "source0", ~attack, attack)
    plain = fuse.fit_without(given.rows, attack, np.ones(len(attack)), sources)
    turned = fuse.fit_without(given.rows, odd, np.ones(len(attack)), sources)
    mine = sources == "source0"
    assert np.allclose(plain[mine], turned[mine])
    assert not np.allclose(plain[~mine], turned[~mine])


def test_the_product_computes_what_was_measured(tmp_path: Path) -> None:
    model = models.load()
    if model is None:
        pytest.skip("no tier 1 is installed")
    given = judged()
    weights = fitted(given)
    logits = given.fuse(weights)
    curve = deepcard.curve_of(given, logits, model)
    confidences = given.confidences(curve, logits)
    benign = confidences[~given.attack]
    anchors = (model.fpr_5, model.fpr_1, model.fpr_02)
    for (_, rate), anchor in zip(metrics.RATES.items(), anchors, strict=True):
        assert (benign > anchor + 1e-6).mean() <= rate
        assert (benign >= anchor - 1e-6).mean() >= rate - 0.002
    for name in ("tier3.onnx", "tokenizer.json", "tier3.tokenizer.json"):
        (tmp_path / name).write_bytes(name.encode())
    harm = deepcard.harm_curve(given, np.random.default_rng(2).normal(4, 1, 200))
    made = deepcard.card(tmp_path, model, (0.1, 1.0), weights, curve, harm)
    (tmp_path / "tier3.json").write_text(json.dumps(made))
    card = deep.load(tmp_path)
    assert card is not None
    fusion = DeepFusion(card, anchors)
    for at in range(0, len(given.inside), 7):
        attack, window, sentence, asked, *kinds = (float(one) for one in given.readings[at])
        reading = EncoderReading(
            attack, window, sentence, asked, tuple(kinds), 0, 4, runs=1, cut_short=False
        )
        text = int(given.inside[at])
        place = given.records[text].origin
        opinion = fusion.weigh(reading, float(given.scanned.logits[text]), place, 0, len(TEXT))
        assert opinion.confidence == pytest.approx(confidences[text], abs=2e-4)
