"""Short texts for the teacher to judge: parts of what we have, and mixtures that nobody labelled.

A label says attack or not of a whole text. The teacher can be asked about any stretch, any blend of
an attack with its twin, any sentence set into another text: where between them does it change its
mind? The dense model learns to answer the same.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from training.encoder.splice import GAP
from training.encoder.windows import differing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from training.data import Record

SHORT = 320
LEAST, MOST = 60, 380
WORDS = re.compile(r"\S+\s*")
# Where words have no spaces between them, this many characters are taken for one.
RUN = 3


def stretch(record: Record, twin: Record | None, dice: random.Random) -> str:
    """A text if it is short, else a part of it that holds what makes it an attack."""
    text = record.text
    if len(text) <= SHORT:
        return text
    width = min(len(text), dice.randint(LEAST, MOST))
    focus = None
    if record.injection and record.injection in text:
        start = text.index(record.injection)
        focus = start, start + len(record.injection)
    elif twin:
        mine, other = (list(map(ord, it.text)) for it in (record, twin))
        focus = differing(mine, other)[0]
    if focus:
        width = min(len(text), max(width, min(MOST, focus[1] - focus[0] + LEAST)))
        first, last = sorted((focus[1] - width, focus[0]))
        start = dice.randint(first, last)
    else:
        start = dice.choice((0, dice.randint(0, len(text) - width)))
    start = max(0, min(start, len(text) - width))
    return text[start : start + width].strip() or text[:width]


def words(text: str) -> list[str]:
    """The words of a text with the spaces after them."""
    found = WORDS.findall(text)
    if len(text) > 12 * max(1, len(found)):
        return [text[at : at + RUN] for at in range(0, len(text), RUN)]
    return found


def thinned(text: str, _: str, dice: random.Random) -> str:
    """Some words left out."""
    share = dice.uniform(0.05, 0.3)
    return "".join(word for word in words(text) if dice.random() > share) or text


def blended(text: str, other: str, dice: random.Random) -> str:
    """The beginning of one and the end of the other."""
    mine, theirs = words(text), words(other)
    share = dice.uniform(0.2, 0.8)
    head, tail = mine[: round(share * len(mine))], theirs[round(share * len(theirs)) :]
    return "".join(head).rstrip() + " " + "".join(tail)


def exchanged(text: str, other: str, dice: random.Random) -> str:
    """Some words of another text in place of its own."""
    mine, theirs = words(text), words(other)
    share = dice.uniform(0.1, 0.4)
    return "".join(dice.choice(theirs or mine) if dice.random() < share else w for w in mine)


def joined(text: str, other: str, dice: random.Random) -> str:
    """A part of another text before or behind it."""
    theirs = words(other)
    start = dice.randint(0, max(0, len(theirs) - 4))
    part = "".join(theirs[start : start + dice.randint(4, 20)]).strip()
    both = [part, text] if dice.random() < 0.5 else [text, part]
    return dice.choice((" ", " ", "\n", ". ")).join(both)


def swapped(text: str, _: str, dice: random.Random) -> str:
    """Its sentences, or its halves, in another order."""
    parts = [part for part in GAP.split(text) if part]
    if len(parts) < 2:
        at = dice.randint(0, len(words(text)))
        parts = ["".join(words(text)[at:]), "".join(words(text)[:at])]
    dice.shuffle(parts)
    return " ".join(parts)


WAYS: tuple[Callable[[str, str, random.Random], str], ...] = (
    thinned,
    blended,
    blended,
    exchanged,
    joined,
    joined,
    swapped,
)


def write(plain: Sequence[Record], mixed: Sequence[Record], times: int, seed: int) -> list[str]:
    """A stretch of each of `plain`; of each of `mixed` itself and `times` mixtures."""
    dice = random.Random(seed)
    twins: defaultdict[str, list[Record]] = defaultdict(list)
    by_lang: defaultdict[str, list[Record]] = defaultdict(list)
    for record in [*plain, *mixed]:
        if record.pair:
            twins[record.pair].append(record)
    for record in mixed:
        by_lang[record.lang].append(record)

    def twin_of(record: Record) -> Record | None:
        return (
            next((it for it in twins[record.pair] if it is not record), None)
            if record.pair
            else None
        )

    found = [stretch(record, twin_of(record), dice) for record in plain]
    for record in mixed:
        twin = twin_of(record)
        text = stretch(record, twin, dice)
        found.append(text)
        for _ in range(times):
            other = twin if twin and dice.random() < 0.5 else dice.choice(by_lang[record.lang])
            made = dice.choice(WAYS)(text, stretch(other, None, dice), dice)
            found.append(made[: MOST + LEAST].strip() or text)
    return list(dict.fromkeys(found))
