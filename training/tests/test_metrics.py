# ruff: noqa: D103 - the name of a test says what it shows
"""Measures agree with what can be counted by hand."""

from __future__ import annotations

import numpy as np

from training import metrics

ATTACK = np.array([True, True, False, False, False, False])
SCORES = np.array([0.9, 0.4, 0.5, 0.3, 0.2, 0.1])


def test_auc_counts_pairs_in_order() -> None:
    assert metrics.auc(SCORES, ATTACK) == 7 / 8


def test_threshold_lets_no_more_pass_than_asked() -> None:
    limit = metrics.threshold(SCORES, ATTACK, 0.25)
    assert (SCORES[~ATTACK] > limit).mean() == 0.25
    assert metrics.threshold(SCORES, ATTACK, 0.01) == 0.5


def test_weights_move_the_threshold() -> None:
    weights = np.array([1, 1, 0.01, 1, 1, 1.0])
    assert metrics.threshold(SCORES, ATTACK, 0.01, weights) == 0.3


def test_groups_are_measured_apart() -> None:
    table = metrics.by_group(SCORES, ATTACK, ["x", "y", "x", "y", "y", "y"], 0.45)
    assert [(row["group"], row["recall"], row["fpr"]) for row in table] == [
        ("x", 1.0, 1.0),
        ("y", 0.0, 0.0),
    ]
