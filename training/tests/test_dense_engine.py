# ruff: noqa: D103 - the name of a test says what it shows
"""The engine reads the file of the dense model as the oracle does, to the last piece."""

from __future__ import annotations

import random

import pytest

from aidefence.engine import open_dense
from training.dense import fixture, oracle, pieces


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_engine_says_what_the_oracle_says(seed: int) -> None:
    raw = fixture.make(seed)
    engine, plain = open_dense(raw), oracle.Oracle(raw)
    dice = random.Random(seed)
    parts = [*fixture.WORDS, *fixture.LETTERS, " ", "  ", "\n", "☃", "ß", "É", "\u3000"]
    texts = ["".join(dice.choices(parts, k=dice.randrange(60))) for _ in range(60)]
    texts += [" ".join(dice.choices(fixture.WORDS, k=dice.randrange(400))) for _ in range(6)]
    read = 0
    for text in (*fixture.LINES, *texts):
        prepared = pieces.prepare(text)
        assert engine.pieces(prepared) == plain.ids(prepared), prepared
        # What was cut is the text as it is, also before anybody prepared it.
        assert engine.pieces(text) == engine.pieces(prepared)
        said, told = engine.read(prepared), plain.logits(prepared)
        if told is None:
            assert said is None
            continue
        assert said is not None
        attack, harm, kinds, whole = said
        assert [attack, harm, *kinds] == pytest.approx(told.tolist(), rel=1e-4, abs=1e-4)
        assert whole
        read += 1
    assert read > 60
