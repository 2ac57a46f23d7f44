"""Cuts texts to the length that one step of training reads, so that an attack is in the cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.encoder import vocabulary

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tokenizers import Tokenizer

    from training.encoder.texts import Example

# Tokens a window holds between its two marks.
BODY = 126
SHORT_MIN = 10
SHORT_MAX = 64
# So often is a text cut to about a sentence, as it will be read in use.
SHORT_SHARE = 0.12
OPENING_SHARE = 0.4
CLOSING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as ids, and where in them the attack is, if that is known."""

    example: Example
    ids: list[int]
    focus: tuple[int, int] | None


def tokenize(made: Tokenizer, examples: Sequence[Example]) -> list[Tokens]:
    """All texts as ids; the focus is a known injection, or where a text differs from its twin."""
    ids = vocabulary.tokens(made, (example.record.text for example in examples))
    twins: dict[str, list[int]] = {}
    for at, example in enumerate(examples):
        if example.record.pair:
            twins.setdefault(example.record.pair, []).append(at)
    focus: dict[int, tuple[int, int]] = {}
    for left, *others in twins.values():
        if len(others) == 1:
            focus[left], focus[others[0]] = differing(ids[left], ids[others[0]])
    focus.update(_injections(made, examples, ids))
    return [Tokens(example, ids[at], focus.get(at)) for at, example in enumerate(examples)]


def differing(left: list[int], right: list[int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The stretch of each that is left when what both begin and end with is taken away."""
    shorter = min(len(left), len(right))
    start = 0
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return (start, max(start + 1, len(left) - end)), (start, max(start + 1, len(right) - end))


def _injections(
    made: Tokenizer, examples: Sequence[Example], ids: Sequence[list[int]]
) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    parts: list[str] = []
    places: list[int] = []
    for at, example in enumerate(examples):
        record = example.record
        start = record.text.find(record.injection) if record.attack and record.injection else -1
        if start >= 0 and record.injection and len(ids[at]) > BODY:
            places.append(at)
            parts += [record.text[:start], record.injection]
    lengths = [len(part) for part in vocabulary.tokens(made, parts)]
    for at, before, inside in zip(places, lengths[::2], lengths[1::2], strict=True):
        found[at] = (before, min(len(ids[at]), before + max(1, inside)))
    return found


def cut(tokens: Tokens, dice: random.Random) -> list[int]:
    """One window of the text, with its marks."""
    start, end = _bounds(tokens, dice)
    return [vocabulary.BEGIN, *tokens.ids[start:end], vocabulary.END]


def _bounds(tokens: Tokens, dice: random.Random) -> tuple[int, int]:
    length, attack = len(tokens.ids), tokens.example.record.attack
    width = BODY
    # Any part of a benign text is benign; of an attack, only the part that holds it.
    if dice.random() < SHORT_SHARE and (tokens.focus or not attack):
        width = dice.randint(SHORT_MIN, SHORT_MAX)
        if tokens.focus:
            width = max(width, min(BODY, tokens.focus[1] - tokens.focus[0]))
    if length <= width:
        return 0, length
    if tokens.focus:
        start = _around(tokens.focus, width, dice)
    elif attack:
        start = _likely(length - width, dice)
    else:
        start = dice.randint(0, length - width)
    start = max(0, min(start, length - width))
    return start, start + width


def _around(focus: tuple[int, int], width: int, dice: random.Random) -> int:
    first, last = focus[1] - width, focus[0]
    return dice.randint(min(first, last), max(first, last))


def _likely(last: int, dice: random.Random) -> int:
    """Attacks without a known place mostly open a text, else they close it."""
    lot = dice.random()
    if lot < OPENING_SHARE:
        return 0
    return last if lot < OPENING_SHARE + CLOSING_SHARE else dice.randint(0, last)
