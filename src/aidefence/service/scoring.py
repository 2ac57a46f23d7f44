"""Score texts for an evaluation: the engine's calibrated confidences, exact for every category."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from aidefence.domain.enums import CATEGORIES, Category, Direction, Origin, Profile
from aidefence.engine import Engine
from aidefence.knowledge import models, rulebook
from aidefence.policy.profiles import Anchors, make_policy
from aidefence.service.intervals import Scores

MODEL_ATTACKS: tuple[Category, ...] = CATEGORIES[:7]
"""Attacks on the model itself: what a prompt detector is measured on."""

ENGINE_TIERS = frozenset({0, 1, 2})
"""What an engine's confidences stand on; deeper tiers only speak through another source."""

_RULES_ALONE = Anchors(fpr_5=0.5, fpr_1=0.8, fpr_02=0.95)
_TEXTS_A_TASK = 256


class Confident(Protocol):
    """Whoever can tell the confidence of every category: an engine, or all tiers together."""

    def confidences(self, text: str, origin: int, direction: int, /) -> Sequence[float]:
        """Return one confidence a category, in the order of the categories."""


class ConfidenceScorer:
    """Scores a text by its highest confidence among some categories."""

    def __init__(
        self,
        *,
        source: Confident | None = None,
        categories: tuple[Category, ...] = MODEL_ATTACKS,
        profile: Profile = Profile.BALANCED,
        rules_dir: Path | None = None,
        paranoia: int = 1,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        threads: int = 0,
    ) -> None:
        """Ask `source`, or an engine that is built for it; 0 threads means all cores.

        The thresholds are those of `profile` either way.
        """
        model = models.load()
        anchors = Anchors(model.fpr_5, model.fpr_1, model.fpr_02) if model else _RULES_ALONE
        policy = make_policy(profile, anchors, {})
        if source is None:
            own = () if rules_dir is None else rulebook.from_folder(rules_dir)
            source = Engine(
                [file.pair for file in rulebook.shipped()],
                model.data if model else None,
                flag=policy.flag,
                block=policy.block,
                paranoia=paranoia,
                user_rules=[file.pair for file in own],
            )
        self._ask = source.confidences
        self.tiers = ENGINE_TIERS if isinstance(source, Engine) else None
        """The tiers whose word is in the score; none means all that run."""
        self._categories = categories
        self._codes = [category.code for category in categories]
        self._context = origin.code, direction.code
        self._threads = threads or os.cpu_count() or 1
        self.flags = tuple(policy.thresholds[code].flag for code in self._codes)

    @property
    def threshold(self) -> float:
        """The lowest confidence at which one of the categories is flagged, as the engine has it."""
        # The engine compares in single precision: 0.8 here must be its 0.8.
        return float(np.float32(min(self.flags)))

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return one score a text."""
        pieces = [texts[at : at + _TEXTS_A_TASK] for at in range(0, len(texts), _TEXTS_A_TASK)]
        with ThreadPoolExecutor(self._threads) as pool:
            parts = list(pool.map(self._score, pieces))
        return np.concatenate(parts) if parts else np.empty(0)

    def confidences(self, text: str) -> tuple[tuple[Category, float], ...]:
        """Return the confidence of each category that counts, highest first."""
        row = self._ask(text, *self._context)
        pairs = [(category, row[category.code]) for category in self._categories]
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    def _score(self, texts: Sequence[str]) -> Scores:
        origin, direction = self._context
        rows = [self._ask(text, origin, direction) for text in texts]
        scores: Scores = np.asarray(rows, dtype=np.float64)[:, self._codes].max(axis=1)
        return scores
