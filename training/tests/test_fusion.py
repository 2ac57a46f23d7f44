# ruff: noqa: D103 - the name of a test says what it shows
"""The network the engine runs says what the weights say, and confidences keep their promise."""

from __future__ import annotations

import numpy as np

from training import fusion

SETTINGS = fusion.Settings()


def made_rows(count: int = 400) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    dice = np.random.default_rng(2)
    rows = np.zeros((count, len(fusion.NAMES)), np.float32)
    rows[:, fusion.NAMES.index("ngram_whole")] = dice.uniform(-12, 12, count)
    rows[:, fusion.NAMES.index("ngram_window")] = dice.uniform(-12, 12, count)
    rows[:, fusion.NAMES.index("log_blocks")] = dice.uniform(0, 7, count)
    rows[:, fusion.NAMES.index("rules_strongest")] = dice.uniform(0, 1, count)
    return rows


def test_network_computes_the_fixed_shape() -> None:
    rows = made_rows()
    names = fusion.FOR + fusion.AGAINST
    weights = fusion.Weights(
        {name: 0.5 if name == "rules_strongest" else 0.0 for name in names},
        dict.fromkeys(names, 0.2),
        0.7,
    )
    wanted = fusion.base(rows, SETTINGS) + 0.5 * fusion.column(rows, "rules_strongest") / 0.2 + 0.7
    got = fusion.apply(fusion.combiner(weights, SETTINGS), rows)
    assert np.abs(got - wanted).max() < 1.0
    assert np.abs(got - wanted).mean() < 0.2


def test_evidence_keeps_its_sign() -> None:
    rows = made_rows()
    attack = np.random.default_rng(3).random(len(rows)) < 0.5
    weights = fusion.weigh(rows, attack, np.ones(len(rows)), SETTINGS)
    assert all(weights.evidence[name] >= 0 for name in fusion.FOR)
    assert all(weights.evidence[name] <= 0 for name in fusion.AGAINST)


def test_limit_gets_the_promised_confidence_and_knots_rise() -> None:
    dice = np.random.default_rng(4)
    attack = np.arange(1000) < 300
    logits = dice.normal(0, 1, 1000) + 2.0 * attack
    part = fusion.calibrate(logits, attack, 1.7, 0.8)
    assert abs(float(fusion.confidence(part, np.array([1.7]))[0]) - 0.8) < 1e-3
    assert (np.diff(part.logits) > 0).all()
    assert (np.diff(part.confidences) >= 0).all()
