"""The fast measures against slow ones that are plainly right."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.service.measures import auc_of, f1_of, measure, recall_at_fpr, wilson

# Few distinct values, so that ties are the rule.
COARSE = st.integers(0, 6).map(lambda step: step / 6)
FINE = st.floats(0, 1, allow_nan=False)
SAMPLE = st.one_of(
    st.lists(COARSE, min_size=1, max_size=40), st.lists(FINE, min_size=1, max_size=40)
)
LIMITS = st.sampled_from([0.0, 0.01, 0.05, 0.29, 0.5, 1.0])


def _array(values: list[float]) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


@given(SAMPLE, SAMPLE)
def test_auc_counts_pairs_and_halves_ties(attack: list[float], benign: list[float]) -> None:
    won = sum(Fraction(a > b) + Fraction(a == b, 2) for a in attack for b in benign)
    assert auc_of(_array(attack), _array(benign)) == float(won / (len(attack) * len(benign)))


@given(SAMPLE, SAMPLE)
def test_auc_of_swapped_classes_is_the_complement(attack: list[float], benign: list[float]) -> None:
    there, back = auc_of(_array(attack), _array(benign)), auc_of(_array(benign), _array(attack))
    assert there + back == pytest.approx(1.0)


@given(SAMPLE, SAMPLE, LIMITS)
def test_recall_at_fpr_is_the_best_of_all_thresholds(
    attack: list[float], benign: list[float], limit: float
) -> None:
    best = 0
    for threshold in {*attack, *benign, math.inf}:
        alarms = sum(b >= threshold for b in benign)
        if Fraction(alarms, len(benign)) <= Fraction(str(limit)):
            best = max(best, sum(a >= threshold for a in attack))
    point = recall_at_fpr(_array(attack), _array(benign), limit)
    assert point.recall.hits == best
    assert point.fpr.value <= limit + 1e-9
    assert point.recall.hits == sum(a >= point.threshold for a in attack)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_solves_its_equation(sample: tuple[int, int]) -> None:
    hits, total = sample
    low, high = wilson(hits, total)
    share = hits / total
    assert 0.0 <= low <= share <= high <= 1.0
    for bound in (low, high):
        if 0.0 < bound < 1.0:
            spread = 1.959963984540054 * math.sqrt(bound * (1 - bound) / total)
            assert abs(share - bound) == pytest.approx(spread, rel=1e-6)


def test_wilson_known_values() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.277533), abs=1e-6)
    assert wilson(5, 10) == pytest.approx((0.236593, 0.763407), abs=1e-6)
    assert wilson(10, 10) == pytest.approx((0.722467, 1.0), abs=1e-6)


@given(SAMPLE, SAMPLE, st.one_of(COARSE, FINE))
def test_fixed_threshold_matches_the_confusion_matrix(
    attack: list[float], benign: list[float], threshold: float
) -> None:
    got = measure(_array(attack), _array(benign), threshold=threshold, fpr_limits=(0.05,))
    hits = sum(a >= threshold for a in attack)
    alarms = sum(b >= threshold for b in benign)
    assert got.recall is not None
    assert got.fpr is not None
    assert (got.recall.hits, got.fpr.hits) == (hits, alarms)
    if hits:
        precision, recall = hits / (hits + alarms), hits / len(attack)
        assert got.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    else:
        assert got.f1 == 0.0


@given(SAMPLE)
def test_one_class_gives_only_its_own_share(scores: list[float]) -> None:
    empty = _array([])
    attacks = measure(_array(scores), empty, threshold=0.5, fpr_limits=(0.01,))
    assert attacks.recall is not None
    assert (attacks.fpr, attacks.auc, attacks.f1, attacks.at_fpr) == (None, None, None, {})
    benign = measure(empty, _array(scores), threshold=0.5, fpr_limits=(0.01,))
    assert benign.fpr is not None
    assert (benign.recall, benign.auc, benign.f1, benign.at_fpr) == (None, None, None, {})


def test_empty_samples_are_refused() -> None:
    empty, one = _array([]), _array([0.5])
    for attack, benign in ((empty, one), (one, empty)):
        with pytest.raises(ValueError, match="both classes"):
            auc_of(attack, benign)
    for attack, benign in ((empty, one), (one, empty)):
        with pytest.raises(ValueError, match="operating point"):
            recall_at_fpr(attack, benign, 0.01)
    with pytest.raises(ValueError, match="sample"):
        wilson(0, 0)
    assert f1_of(0, 0, 0) == 0.0


def test_tied_benign_scores_fall_together() -> None:
    point = recall_at_fpr(_array([0.9, 0.8, 0.8]), _array([0.8] * 5 + [0.1] * 95), 0.03)
    assert (point.threshold, point.recall.hits, point.fpr.hits) == (0.9, 1, 0)
