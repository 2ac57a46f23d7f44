# ruff: noqa: D103 - the name of a test says what it shows
"""The model file comes back as it was written, and damage is noticed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from training import modelfile


def make(hidden: int, *, with_categories: bool) -> modelfile.Model:
    dice = np.random.default_rng(1)
    inputs = 5

    def floats(*shape: int) -> NDArray[np.float32]:
        return np.asarray(dice.normal(size=shape), np.float32)

    return modelfile.Model(
        {"name": "test", "n": 3},
        modelfile.Ngram(10, 0.25, -1.5, 6, 1, 6, dice.integers(-127, 128, 1 << 10).astype(np.int8)),
        modelfile.Fusion(
            floats(inputs),
            floats(inputs),
            floats(hidden, inputs),
            floats(hidden),
            floats(hidden or inputs),
            0.5,
        ),
        modelfile.Calibration(
            np.array([-2, 0, 2], np.float32), np.array([0.1, 0.5, 0.75], np.float32)
        ),
        modelfile.Categories(
            8, 0.5, floats(8), dice.integers(-127, 128, (1 << 8, 8)).astype(np.int8)
        )
        if with_categories
        else None,
    )


@pytest.mark.parametrize(("hidden", "with_categories"), [(0, False), (3, True)])
def test_reads_back_what_was_written(hidden: int, *, with_categories: bool) -> None:
    model = make(hidden, with_categories=with_categories)
    back = modelfile.read(modelfile.write(model))
    assert back.meta == model.meta
    for part, other in (
        (model.ngram, back.ngram),
        (model.fusion, back.fusion),
        (model.calibration, back.calibration),
        (model.categories, back.categories),
    ):
        if part is None:
            assert other is None
            continue
        for field in dataclasses.fields(part):
            np.testing.assert_array_equal(getattr(part, field.name), getattr(other, field.name))


def test_same_model_gives_same_bytes() -> None:
    assert modelfile.write(make(3, with_categories=True)) == modelfile.write(
        make(3, with_categories=True)
    )


@pytest.mark.parametrize("at", [0, 9, 40, -1])
def test_damage_is_noticed(at: int) -> None:
    file = bytearray(modelfile.write(make(3, with_categories=False)))
    file[at] ^= 1
    with pytest.raises(modelfile.ModelFileError):
        modelfile.read(bytes(file))


def test_cut_file_is_refused() -> None:
    with pytest.raises(modelfile.ModelFileError):
        modelfile.read(modelfile.write(make(0, with_categories=False))[:-5])
