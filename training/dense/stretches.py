"""Cuts texts to what one step of training reads: a few windows, among them the one with the attack.

Unlike the encoder, the dense model sees all windows of a stretch at once and the strongest speaks,
as in use: so it learns on its own which window of an attack gives it away.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.dense import network, pieces
from training.encoder import batches, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.encoder.batches import Batch
    from training.encoder.texts import Example

    Ids = NDArray[np.int32]

WINDOWS_MAX = 2
LONGEST = network.WINDOW + network.STRIDE * (WINDOWS_MAX - 1)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as ids, and where in them the attack is, if that is known."""

    example: Example
    ids: Ids
    focus: tuple[int, int] | None


def cut(text: Text, dice: random.Random) -> Ids:
    """One stretch of the text."""
    length, attack, focus = len(text.ids), text.example.record.attack, text.focus
    width = LONGEST
    # Any part of a benign text is benign; of an attack, only the part that holds it.
    if dice.random() < windows.SHORT_SHARE and (focus or not attack):
        width = dice.randint(windows.SHORT_MIN, network.WINDOW)
        if focus:
            width = max(width, min(LONGEST, focus[1] - focus[0]))
    if length <= width:
        return text.ids
    if focus:
        first, last = sorted((focus[1] - width, focus[0]))
        start = dice.randint(first, last)
    elif attack:
        start = _likely(length - width, dice)
    else:
        start = dice.randint(0, length - width)
    start = max(0, min(start, length - width))
    return text.ids[start : start + width]


def _likely(last: int, dice: random.Random) -> int:
    """Attacks without a known place mostly open a text, else they close it."""
    lot = dice.random()
    if lot < windows.OPENING_SHARE:
        return 0
    closing = lot < windows.OPENING_SHARE + windows.CLOSING_SHARE
    return last if closing else dice.randint(0, last)


def lose(row: Ids, share: float, dice: np.random.Generator) -> list[int]:
    """Some pieces taken away, as if they were unknown."""
    gone = dice.random(len(row)) < share
    kept: list[int] = np.where(gone, pieces.UNKNOWN, row).tolist()
    return kept or [pieces.UNKNOWN]


def make(drawn: Sequence[Text], rows: int, lost: float, seed: str) -> list[Batch]:
    """All texts once, in batches of `rows` (one more where a pair would be torn)."""
    dice = random.Random(seed)
    noise = np.random.default_rng(dice.getrandbits(32))
    units = [
        [(lose(cut(text, dice), lost, noise), text.example) for text in unit]
        for unit in _units(drawn)
    ]
    lengths = [max(len(row) for row, _ in unit) for unit in units]
    made: list[Batch] = []
    held: list[tuple[list[int], Example]] = []
    for at in by_length(lengths, dice):
        held += units[at]
        if len(held) >= rows:
            made.append(_batch(held))
            held = []
    if held:
        made.append(_batch(held))
    dice.shuffle(made)
    return made


def by_length(lengths: Sequence[int], dice: random.Random) -> list[int]:
    """Places in the order of lengths, somewhat blurred, so that no two passes are alike."""
    blur = batches.BLUR
    keys = [length * dice.uniform(1 - blur, 1 + blur) for length in lengths]
    return sorted(range(len(keys)), key=lambda at: (keys[at], at))


def _units(drawn: Sequence[Text]) -> list[list[Text]]:
    pairs: dict[str, list[Text]] = {}
    units: list[list[Text]] = []
    for text in drawn:
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
    sides: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for at, (_, example) in enumerate(held):
        if example.record.pair:
            sides[example.record.attack][example.record.pair] = at
    pairs = [(at, sides[False][pair]) for pair, at in sides[True].items() if pair in sides[False]]
    return batches.Batch([row for row, _ in held], [it for _, it in held], pairs)
