"""The fast measures against slow ones that are plainly right."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence.service.curves import histogram, reliability, roc
from aidefence.service.intervals import auc_interval, delong_variance, recall_interval_at, wilson
from aidefence.service.measures import auc_of, f1_of, measure, recall_at_fpr

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


def _placement(score: float, others: list[float]) -> float:
    return sum((it < score) + (it == score) / 2 for it in others) / len(others)


@given(SAMPLE, SAMPLE)
def test_delong_variance_is_that_of_the_placements(
    attack: list[float], benign: list[float]
) -> None:
    expected = 0.0
    if len(attack) > 1 and len(benign) > 1:
        for these, others in ((attack, benign), (benign, attack)):
            placed = [_placement(it, others) for it in these]
            expected += float(np.var(placed, ddof=1)) / len(these)
    assert delong_variance(_array(attack), _array(benign)) == pytest.approx(expected, abs=1e-12)


@given(SAMPLE, SAMPLE)
def test_the_interval_holds_the_auc_and_has_width(attack: list[float], benign: list[float]) -> None:
    auc = auc_of(_array(attack), _array(benign))
    low, high = auc_interval(_array(attack), _array(benign), auc)
    assert 0.0 <= low <= auc <= high <= 1.0
    assert high - low > 0.0


def test_a_perfect_auc_of_few_texts_is_not_certain() -> None:
    few = auc_interval(_array([0.9] * 5), _array([0.1] * 5), 1.0)
    many = auc_interval(_array([0.9] * 500), _array([0.1] * 500), 1.0)
    assert few[1] == many[1] == 1.0
    assert few[0] < 0.8
    assert many[0] > 0.98


@given(SAMPLE, SAMPLE, LIMITS)
def test_the_interval_of_recall_holds_it_and_wilsons(
    attack: list[float], benign: list[float], limit: float
) -> None:
    recall = recall_at_fpr(_array(attack), _array(benign), limit).recall
    low, high = recall.interval
    sure_low, sure_high = wilson(recall.hits, recall.total)
    assert 0.0 <= low <= sure_low <= recall.value <= sure_high <= high <= 1.0
    assert recall.interval == recall_at_fpr(_array(attack), _array(benign), limit).recall.interval


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    limit, rounds = 0.01, 200
    for attacks, benign in ((30, 40), (100, 300)):
        held = {"auc": 0, "recall": 0}
        for _ in range(rounds):
            high, low = rng.normal(2.0, 1.0, attacks), rng.normal(0.0, 1.0, benign)
            auc = auc_interval(high, low, auc_of(high, low))
            held["auc"] += auc[0] <= 0.921350 <= auc[1]
            recall = recall_at_fpr(high, low, limit).recall.interval
            held["recall"] += recall[0] <= 0.372081 <= recall[1]
        # Within three standard errors of 95 %; a wider interval is no lie.
        assert min(held.values()) / rounds > 0.90, (attacks, held)


def test_the_drawn_bootstrap_is_that_of_written_out_resamples() -> None:
    rng = np.random.default_rng(3)
    attack, benign = rng.beta(4, 2, 300), rng.beta(2, 4, 400)
    allowed = 20
    recalls = []
    for _ in range(3000):
        ordered = np.sort(rng.choice(benign, benign.size))
        refused = ordered[benign.size - 1 - allowed]
        recalls.append(float(np.mean(rng.choice(attack, attack.size) > refused)))
    expected = np.percentile(recalls, (2.5, 97.5))
    assert recall_interval_at(attack, benign, allowed) == pytest.approx(expected, abs=0.02)


@given(SAMPLE, SAMPLE)
def test_reliability_matches_a_slow_count(attack: list[float], benign: list[float]) -> None:
    got = reliability(_array(attack), _array(benign))
    assert got is not None
    everything = [(it, 1) for it in attack] + [(it, 0) for it in benign]
    brier = sum((score - truth) ** 2 for score, truth in everything) / len(everything)
    assert got.brier == pytest.approx(brier)
    gap = 0.0
    for it in got.bins:
        inside = [(s, t) for s, t in everything if it.low <= s and (s < it.high or it.high == 1.0)]
        assert len(inside) == it.attacks.total
        assert sum(truth for _, truth in inside) == it.attacks.hits
        mean = sum(score for score, _ in inside) / len(inside)
        assert it.mean_score == pytest.approx(mean)
        gap += len(inside) / len(everything) * abs(mean - it.attacks.value)
    assert sum(it.attacks.total for it in got.bins) == len(everything)
    assert got.ece == pytest.approx(gap)


@given(SAMPLE, SAMPLE)
def test_every_point_of_the_roc_is_true(attack: list[float], benign: list[float]) -> None:
    points = roc(_array(attack), _array(benign))
    assert (points[0].fpr, points[-1].fpr, points[-1].recall) == (0.0, 1.0, 1.0)
    for point in points:
        assert point.recall == sum(it >= point.threshold for it in attack) / len(attack)
        assert point.fpr == sum(it >= point.threshold for it in benign) / len(benign)
    assert points == tuple(sorted(points, key=lambda it: (it.fpr, it.recall)))


@given(SAMPLE, SAMPLE)
def test_the_histogram_counts_every_text_once(attack: list[float], benign: list[float]) -> None:
    bins = histogram(_array(attack), _array(benign))
    assert sum(it.attacks for it in bins) == len(attack)
    assert sum(it.benign for it in bins) == len(benign)
    assert roc(_array([]), _array(benign)) == ()
    assert reliability(_array([]), _array([])) is None
