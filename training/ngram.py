"""Fits the hashed linear model and rounds it to bytes.

Multiple-instance logistic regression: an attack hidden in a long text makes one window bad, not all
of them, and a long benign text has to be harmless in its worst window. So after a first fit on
whole texts, the highest window of every long text joins as a row of its own, and the fit goes on;
see Dietterich et al., “Solving the multiple instance problem with axis-parallel rectangles” (1997).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from training import features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from training.features import Blocks, Floats, Ints

WHOLE_BLOCKS_MAX = 24


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen by leaving sources out."""

    ridge: float = 1e-5
    iterations: int = 90
    rounds: int = 1
    window_share: float = 0.3


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of the table and a bias."""

    table: Floats
    bias: float


@dataclass(frozen=True, slots=True)
class Bytes:
    """Weights rounded to bytes."""

    table: NDArray[np.int8]
    scale: float
    bias: float

    def linear(self) -> Linear:
        """What the engine computes with."""
        return Linear((self.table * np.float32(self.scale)).astype(np.float32), self.bias)


@dataclass(frozen=True)
class Examples:
    """Texts with everything a fit needs."""

    blocks: Blocks
    attack: NDArray[np.bool_]
    weight: Floats
    # First and last block of the injection, where it is known.
    inside: dict[int, tuple[int, int]]

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """One row a text, cut after `WHOLE_BLOCKS_MAX` blocks."""
        first = self.blocks.text_starts[:-1]
        last = np.minimum(self.blocks.text_starts[1:], first + WHOLE_BLOCKS_MAX)
        return features.rows(self.blocks, features.Windows(np.arange(len(first)), first, last))

    def without(self, gone: NDArray[np.bool_]) -> Examples:
        """The examples that `gone` is false for."""
        keep = ~gone
        numbers = np.cumsum(keep) - 1
        inside = {int(numbers[text]): span for text, span in self.inside.items() if keep[text]}
        blocks = features.take(self.blocks, keep)
        rest = Examples(blocks, self.attack[keep], self.weight[keep], inside)
        # Cutting the rows is much faster than making them again.
        vars(rest)["matrix"] = self.matrix[keep]
        return rest


def fit(given: Examples, settings: Settings) -> Linear:
    """Weights that tell attacks from benign texts."""
    blocks, attack, weight = given.blocks, given.attack, given.weight
    long = np.diff(blocks.text_starts) > features.WINDOW_BLOCKS
    norms = features.whole_norms(np.maximum(np.diff(given.matrix.indptr), 1))
    shared = np.where(long, weight * (1 - settings.window_share), weight).astype(np.float32)
    texts = (given.matrix, norms, attack, shared)
    model = _solve([texts], Linear(np.zeros(features.TABLE_LEN, np.float32), 0.0), settings)
    every = _long_windows(blocks, long)
    for _ in range(settings.rounds):
        chosen = _worst(blocks, every, model, given.inside)
        lines = features.rows(blocks, chosen)
        line_norms = features.window_norms(np.maximum(np.diff(lines.indptr), 1))
        part = (
            lines,
            line_norms,
            attack[chosen.text],
            (weight * settings.window_share)[chosen.text],
        )
        model = _solve([texts, part], model, settings)
    return model


def _long_windows(blocks: Blocks, long: NDArray[np.bool_]) -> features.Windows:
    every = features.every(blocks, features.WINDOW_BLOCKS)
    keep = long[every.text]
    return features.Windows(every.text[keep], every.first[keep], every.last[keep])


def _worst(
    blocks: Blocks, every: features.Windows, model: Linear, inside: dict[int, tuple[int, int]]
) -> features.Windows:
    values = features.sums(blocks, every, model.table) * features.window_norms(
        features.sizes(blocks, every)
    )
    if inside:
        bounds = np.full((len(blocks), 2), -1, np.int64)
        for text, (low, high) in inside.items():
            bounds[text] = (low, high)
        start = blocks.text_starts[:-1][every.text]
        low, high = (start + bounds[every.text, 0], start + bounds[every.text, 1])
        misses = (bounds[every.text, 0] >= 0) & ((every.last <= low) | (every.first > high))
        values = np.where(misses, values - 1e6, values)
    at = features.best(every, values)
    return features.Windows(every.text[at], every.first[at], every.last[at])


Part = tuple["sparse.csr_matrix", "Floats", "NDArray[np.bool_]", "Floats"]


def _solve(parts: Sequence[Part], start: Linear, settings: Settings) -> Linear:
    total = float(sum(weight.sum() for *_, weight in parts))

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table, bias = point[:-1].astype(np.float32), np.float32(point[-1])
        value = settings.ridge / 2 * float(np.dot(point[:-1], point[:-1]))
        slope = np.append(settings.ridge * point[:-1], 0.0)
        for matrix, norms, attack, weight in parts:
            score = norms * (matrix @ table) + bias
            value += (
                float((weight * np.logaddexp(0, np.where(attack, -score, score))).sum()) / total
            )
            pull = (
                weight * (1 / (1 + np.exp(-np.clip(score, -60, 60))) - attack) / np.float32(total)
            )
            slope[:-1] += matrix.T @ (norms * pull)
            slope[-1] += float(pull.sum())
        return value, slope

    found = minimize(
        loss,
        np.append(start.table, start.bias),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": settings.iterations, "maxcor": 8},
    )
    return Linear(found.x[:-1].astype(np.float32), float(found.x[-1]))


def quantise(model: Linear, use: Ints) -> Bytes:
    """Rounds to bytes with the step that loses least, features weighted by how often they occur."""
    often = np.sqrt(use.astype(np.float64))
    top = float(np.abs(model.table).max()) or 1.0

    def lost(scale: float) -> float:
        rounded = np.clip(np.rint(model.table / scale), -127, 127) * scale
        return float((often * (rounded - model.table) ** 2).sum())

    scale = min((top / 127 * share for share in np.linspace(0.05, 1.0, 20)), key=lost)
    return Bytes(
        np.clip(np.rint(model.table / scale), -127, 127).astype(np.int8),
        float(np.float32(scale)),
        float(np.float32(model.bias)),
    )
