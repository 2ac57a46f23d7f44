"""Weighs the encoder together with the engine, and writes the card: band, weights, thresholds.

The weights are few and are fitted on dev, where neither has learnt. What is reported of dev is
therefore measured twice: with these weights, and with weights that never saw the source of a text.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from aidefence.domain.reading import brevity
from training import data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from aidefence.adapters.encoder import OnnxEncoder
    from aidefence.pipeline.corridor import Corridor
    from training.data import Record
    from training.metrics import Flags, Floats

FEATURES = ("tier1", "window", "sentence", "harm", "attack_harm")
# This share of harmless texts may be read by the encoder.
BAND_SHARE = 0.10
BAND_TOP = 1.0
RIDGE = 1e-3
# A text that merely asks for harm is told of where so many harmless texts would be.
HARM_RATE = 0.002
SAY_EVERY = 500
MODEL_CATEGORIES = len(data.CATEGORIES)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the engine says of texts, its logit and its confidence; how brief they are."""

    logits: Floats
    confidences: Floats
    brevities: Floats


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic combiner; no weight is below zero: nothing the tiers say speaks for innocence."""

    bias: float
    values: tuple[float, ...]

    def apply(self, rows: Floats) -> Floats:
        """Logits of rows of `FEATURES`."""
        return np.asarray(rows @ np.array(self.values) + self.bias)


def scan(corridor: Corridor, records: Sequence[Record]) -> Scanned:
    """System prompts in their place, every other text as a user's; without the encoder."""
    engine = corridor._engine  # noqa: SLF001 - a training run may look under the hood
    logits, confidences = [], []
    for record in records:
        place = data.SYSTEM_ORIGIN if record.origin == data.SYSTEM_ORIGIN else data.USER_ORIGIN
        logits.append(engine.inspect(record.text, place, 0)[4])
        confidences.append(max(engine.confidences(record.text, place, 0)[:MODEL_CATEGORIES]))
    brevities = [brevity(len(record.text)) for record in records]
    return Scanned(*(np.array(one, float) for one in (logits, confidences, brevities)))


def read(encoder: OnnxEncoder, texts: Sequence[str], threads: int) -> Floats:
    """One row of `READ` for each text, as the encoder reads it in use."""
    done = [0]

    def one(text: str) -> tuple[float, ...]:
        found = encoder.read(text)
        done[0] += 1
        if done[0] % SAY_EVERY == 0:
            print(f"read {done[0]} of {len(texts)} texts", flush=True)
        logits = (found.attack_logit, found.window_logit, found.sentence_logit, found.harm_logit)
        return (*logits, *found.kind_logits)

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(one, texts)), float).reshape(len(texts), -1)


def rows_of(scanned: Scanned, chosen: NDArray[np.int64], readings: Floats) -> Floats:
    """Rows of `FEATURES` of the chosen texts, whose readings are given."""
    attack, window, sentence, harm = readings[:, :4].T
    both = _sigmoid(attack) * _sigmoid(harm)
    return np.stack([scanned.logits[chosen], window, sentence, harm, both], axis=1)


def fit(rows: Floats, attack: Flags, weight: Floats, given: Floats | float = 0.0) -> Weights:
    """Logistic regression with weights from zero upwards, on top of logits that are given."""
    share = weight / weight.sum()

    def loss(point: Floats) -> tuple[float, Floats]:
        score = rows @ point[1:] + point[0] + given
        value = float((share * np.logaddexp(0, np.where(attack, -score, score))).sum())
        pull = share * (_sigmoid(score) - attack)
        slope = np.append(pull.sum(), rows.T @ pull + RIDGE * point[1:])
        return value + RIDGE / 2 * float(point[1:] @ point[1:]), slope

    start = np.zeros(rows.shape[1] + 1)
    bounds = [(None, None), *[(0.0, None)] * rows.shape[1]]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Weights(float(found.x[0]), tuple(float(value) for value in found.x[1:]))


def fit_without(
    rows: Floats,
    attack: Flags,
    weight: Floats,
    sources: NDArray[np.str_],
    given: Floats | float = 0.0,
) -> Floats:
    """Logits of each row under weights that never saw its source."""
    given = np.broadcast_to(given, len(rows))
    logits = np.zeros(len(rows))
    for source in np.unique(sources):
        mine = sources == source
        fitted = fit(rows[~mine], attack[~mine], weight[~mine], given[~mine])
        logits[mine] = fitted.apply(rows[mine]) + given[mine]
    return logits


def weigh(sources: NDArray[np.str_], attack: Flags) -> Floats:
    """Sources by the root of their size, both labels as much as each other."""
    weight = np.zeros(len(sources))
    for label in (True, False):
        for source in np.unique(sources[attack == label]):
            mine = (sources == source) & (attack == label)
            weight[mine] = mine.sum() ** -0.5
        weight[attack == label] /= weight[attack == label].sum()
    return weight


def band_of(scanned: Scanned, attack: Flags) -> tuple[float, float]:
    """Confidences of the engine between which the encoder is asked."""
    low = float(np.quantile(scanned.confidences[~attack], 1 - BAND_SHARE))
    # Four digits, upwards: never more than the share.
    return float(np.ceil(low * 1e4) / 1e4), BAND_TOP


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))
