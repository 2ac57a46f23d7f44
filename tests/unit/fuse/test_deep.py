import math
from dataclasses import replace

import pytest
from tests import deep_model

from aidefence.domain.reading import EncoderReading, brevity
from aidefence.fuse.deep import DeepFusion, UnusableReadingError, calibrated, interpolated
from aidefence.knowledge import deep
from aidefence.knowledge.cards import Knots, Platt
from aidefence.knowledge.deep import DeepCard

ANCHORS = (0.4, 0.8, 0.95)
READING = EncoderReading(1.5, 1.5, 0.5, -2.0, (0, 0, 3.0, 0, 0, 0, 0), 3, 9, 2, cut_short=False)
USER, TOOL, INPUT, OUTPUT = 1, 3, 0, 1


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> DeepCard:
    card = deep.load(deep_model.write(tmp_path_factory.mktemp("deep")))
    assert card is not None
    return replace(card, fpr=(0.3, 0.6, 0.9))


def test_a_threshold_means_the_same_whoever_spoke(card: DeepCard) -> None:
    fusion = DeepFusion(card, ANCHORS)
    for own, anchor in zip(card.fpr, ANCHORS, strict=True):
        reading = replace(READING, attack_logit=math.log(own / (1 - own)))
        assert fusion.weigh(reading, 0.0, USER, INPUT, 100).confidence == pytest.approx(anchor)


def test_a_surer_reading_is_never_less_sure(card: DeepCard) -> None:
    fusion = DeepFusion(card, ANCHORS)
    logits = [at / 4 for at in range(-200, 200)]
    found = [
        fusion.weigh(replace(READING, attack_logit=it), 0.0, USER, INPUT, 100).confidence
        for it in logits
    ]
    assert found == sorted(found)
    assert 0 <= found[0] < 0.01
    assert 0.99 < found[-1] <= 1


def test_all_features_are_weighed(card: DeepCard) -> None:
    weights = {
        "tier1": 1.0,
        "window": 0.5,
        "sentence": 0.25,
        "harm": 2.0,
        "attack_harm": 4.0,
        "brevity": 64.0,
        "document": 8.0,
        "system": 16.0,
        "outgoing": 32.0,
        "kind_jailbreak": 0.125,
    }
    fusion = DeepFusion(replace(card, bias=-200.0, weights=tuple(weights.items())), ANCHORS)
    told = fusion.weigh(READING, 3.0, TOOL, OUTPUT, 100)
    product = READING.attack * READING.harm
    logit = -200 + 3 + 0.75 + 0.125 - 4 + 4 * product + 64 * math.log(10) + 8 + 32 + 0.375
    assert told.logit == pytest.approx(min(logit, 30))
    assert told.kind == 2
    assert (told.start, told.end) == (3, 9)


def test_a_text_is_no_briefer_than_brief_and_no_longer_than_long() -> None:
    told = [brevity(count) for count in (0, 64, 100, 999, 1000, 1 << 30)]
    assert told == sorted(told, reverse=True)
    assert told[0] == told[1] > told[2] > told[3] > told[4] == told[5] == 0


def test_harm_has_its_own_calibration(card: DeepCard) -> None:
    said = DeepFusion(card, ANCHORS).weigh(READING, 0.0, USER, INPUT, 100)
    assert said.harm == pytest.approx(calibrated(Platt(1.0, -3.0), -2.0))
    silent = DeepFusion(replace(card, harm=None), ANCHORS).weigh(READING, 0.0, USER, INPUT, 100)
    assert silent.harm == 0


@pytest.mark.parametrize(
    "reading",
    [
        replace(READING, attack_logit=math.nan),
        replace(READING, harm_logit=math.inf),
        replace(READING, kind_logits=(0.0,)),
    ],
)
def test_what_is_no_number_is_refused(card: DeepCard, reading: EncoderReading) -> None:
    with pytest.raises(UnusableReadingError):
        DeepFusion(card, ANCHORS).weigh(reading, 0.0, USER, INPUT, 100)


def test_knots_are_flat_outside() -> None:
    knots = Knots(((-1.0, 0.1), (1.0, 0.5)))
    read = [calibrated(knots, at) for at in (-9, -1, 0, 1, 9)]
    assert read == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.5])
    assert interpolated(((0.0, 0.2),), 5.0) == 0.2
