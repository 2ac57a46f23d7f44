"""Batches of about equal length in which the halves of a pair stand together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.data import CATEGORIES
from training.encoder import windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.encoder.texts import Example
    from training.encoder.windows import Tokens

# Lengths are blurred by this factor before sorting, so that batches are not the same in each pass.
BLUR = 0.1


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of ids with what they teach, and the places of attacks and of their twins."""

    rows: list[list[int]]
    examples: list[Example]
    pairs: list[tuple[int, int]]

    def kinds(self) -> list[int]:
        """The kind of attack of each row, -1 where there is none."""
        return [
            CATEGORIES.index(example.record.category)
            if example.record.attack and example.record.category in CATEGORIES
            else -1
            for example in self.examples
        ]


def make(tokens: Sequence[Tokens], rows: int, seed: str) -> list[Batch]:
    """All texts once, in batches of `rows` (one more where a pair would be torn)."""
    dice = random.Random(seed)
    units = [[(windows.cut(text, dice), text.example) for text in unit] for unit in _units(tokens)]
    keyed = sorted(
        (max(len(ids) for ids, _ in unit) * dice.uniform(1 - BLUR, 1 + BLUR), at)
        for at, unit in enumerate(units)
    )
    batches: list[Batch] = []
    held: list[tuple[list[int], Example]] = []
    for _, at in keyed:
        held += units[at]
        if len(held) >= rows:
            batches.append(_batch(held))
            held = []
    if held:
        batches.append(_batch(held))
    dice.shuffle(batches)
    return batches


def _units(tokens: Sequence[Tokens]) -> list[list[Tokens]]:
    pairs: dict[str, list[Tokens]] = {}
    units: list[list[Tokens]] = []
    for text in tokens:
        pair = text.example.record.pair
        if pair is None:
            units.append([text])
        elif pair in pairs:
            pairs[pair].append(text)
        else:
            pairs[pair] = [text]
            units.append(pairs[pair])
    return units


def _batch(held: list[tuple[list[int], Example]]) -> Batch:
    examples = [example for _, example in held]
    attacks: dict[str, int] = {}
    twins: dict[str, int] = {}
    for at, example in enumerate(examples):
        if example.record.pair:
            (attacks if example.record.attack else twins)[example.record.pair] = at
    pairs = [(at, twins[pair]) for pair, at in attacks.items() if pair in twins]
    return Batch([ids for ids, _ in held], examples, pairs)
