"""Score texts for an evaluation: calibrated confidences of those who decide, for every category."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from aidefence.domain.enums import CATEGORIES, Category, Direction, Origin
from aidefence.domain.reading import single
from aidefence.service.intervals import Scores

MODEL_ATTACKS: tuple[Category, ...] = CATEGORIES[:7]
"""Attacks on the model itself: what a prompt detector is measured on."""

_TEXTS_A_TASK = 256


class Confident(Protocol):
    """Whoever decides and can tell how sure it is of every category: a guard."""

    def confidences(
        self, text: str, *, origin: Origin, direction: Direction
    ) -> Mapping[Category, float]:
        """Return the confidence of every category, after all tiers that have a say."""

    @property
    def thresholds(self) -> Mapping[Category, tuple[float, float | None]]:
        """Return from which confidence each category is flagged, and from which blocked."""


class ConfidenceScorer:
    """Scores a text by its highest confidence among some categories."""

    def __init__(
        self,
        source: Confident,
        *,
        categories: tuple[Category, ...] = MODEL_ATTACKS,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        threads: int = 0,
    ) -> None:
        """Ask `source` with so many threads; 0 means all cores."""
        self._source = source
        self._categories = categories
        self._origin, self._direction = origin, direction
        self._threads = threads or os.cpu_count() or 1

    @property
    def threshold(self) -> float:
        """The lowest confidence at which one of the categories is flagged, as the engine has it."""
        # The engine compares in single precision: 0.8 here must be its 0.8.
        thresholds = self._source.thresholds
        return single(min(thresholds[category][0] for category in self._categories))

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return one score a text."""
        pieces = [texts[at : at + _TEXTS_A_TASK] for at in range(0, len(texts), _TEXTS_A_TASK)]
        with ThreadPoolExecutor(self._threads) as pool:
            parts = list(pool.map(self._score, pieces))
        return np.concatenate(parts) if parts else np.empty(0)

    def confidences(self, text: str) -> tuple[tuple[Category, float], ...]:
        """Return the confidence of each category that counts, highest first."""
        known = self._ask(text)
        pairs = [(category, known[category]) for category in self._categories]
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    def _ask(self, text: str) -> Mapping[Category, float]:
        return self._source.confidences(text, origin=self._origin, direction=self._direction)

    def _score(self, texts: Sequence[str]) -> Scores:
        asked = map(self._ask, texts)
        best = [max(known[category] for category in self._categories) for known in asked]
        return np.asarray(best, dtype=np.float64)
