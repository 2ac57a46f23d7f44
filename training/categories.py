"""The category head: which kind of attack a flagged text is, by its words and pairs of words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from aidefence.engine import _native
from training import modelfile
from training.data import CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.assembly import Corpus
    from training.data import Record

FEATURE_BITS = 20
BITS = 15
RIDGE = 3e-5
ITERATIONS = 80


def rows(texts: list[str]) -> sparse.csr_matrix:
    """One row a text: each word and word pair counts once over the root of their number."""
    counts, ids = (np.frombuffer(raw, np.uint32) for raw in _native.category_ngrams(texts))
    pointers = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    norms = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    flat = (ids >> (FEATURE_BITS - BITS)).astype(np.int32)
    return sparse.csr_matrix((norms, flat, pointers), shape=(len(texts), 1 << BITS))


def fit(corpus: Corpus) -> modelfile.Categories:
    """Multinomial regression on the attacks, thin categories raised."""
    chosen = [
        number
        for number, record in enumerate(corpus.records)
        if record.attack and record.category in CATEGORIES
    ]
    kinds = np.array([CATEGORIES.index(corpus.records[number].category) for number in chosen])
    weight = corpus.weight[chosen].astype(float)
    mass = np.bincount(kinds, weight, len(CATEGORIES))
    weight *= np.sqrt(mass.max() / mass)[kinds]
    table, bias = _solve(
        rows([corpus.records[number].text for number in chosen]), kinds, weight / weight.sum()
    )
    scale = float(np.abs(table).max()) / 127 * 0.5
    full = np.zeros((1 << BITS, modelfile.CATEGORY_COLUMNS), np.int8)
    full[:, : len(CATEGORIES)] = np.clip(np.rint(table / scale), -127, 127)
    return modelfile.Categories(BITS, scale, np.append(bias, -100.0).astype(np.float32), full)


def _solve(
    matrix: sparse.csr_matrix, kinds: NDArray[np.int64], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = len(CATEGORIES)
    truth = np.eye(columns)[kinds]
    size = matrix.shape[1] * columns

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table, bias = point[:size].reshape(-1, columns), point[size:]
        score = matrix @ table + bias
        score -= score.max(1, keepdims=True)
        chance = np.exp(score)
        chance /= chance.sum(1, keepdims=True)
        value = -float((share * np.log(np.maximum((chance * truth).sum(1), 1e-12))).sum())
        pull = share[:, None] * (chance - truth)
        slope = np.append((matrix.T @ pull + RIDGE * table).ravel(), pull.sum(0))
        return value + RIDGE / 2 * float(np.dot(point[:size], point[:size])), slope

    found = minimize(
        loss, np.zeros(size + columns), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}
    )
    return found.x[:size].reshape(-1, columns), found.x[size:]


def measure(head: modelfile.Categories, records: list[Record]) -> dict[str, Any]:
    """How often the head names the right category of held-out attacks."""
    attacks = [record for record in records if record.attack and record.category in CATEGORIES]
    score = (
        rows([record.text for record in attacks]) @ head.table.astype(np.float32) * head.scale
        + head.bias
    )
    named = [CATEGORIES[kind] for kind in score[:, : len(CATEGORIES)].argmax(1)]
    total = Counter(record.category for record in attacks)
    right = Counter(
        record.category
        for record, name in zip(attacks, named, strict=True)
        if record.category == name
    )
    return {
        "accuracy": round(right.total() / max(1, total.total()), 4),
        "by_category": {name: round(right[name] / total[name], 4) for name in sorted(total)},
    }
