"""Attacks set into harmless documents, each beside its twin with a harmless sentence there.

Public data knows few carriers of hidden orders; any harmless document can be one.
"""

# ruff: noqa: RUF001 - full-width marks end sentences too

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from training import data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data import Record

SPLICED = "spliced"
CARRIER_MIN, CARRIER_MAX = 300, 6000
PHRASE_MAX = 450
SENTENCE_MIN = 30
SAME_LANGUAGE = 0.7
KINDS = (
    "prompt_injection",
    "indirect_injection",
    "prompt_extraction",
    "data_exfiltration",
    "tool_abuse",
)
# What stands around an insertion: the same for the attack and for its twin, so it tells nothing.
FRAMES = (
    (" ", " "),
    (" ", " "),
    ("\n", "\n"),
    ("\n\n", "\n\n"),
    ("\n\n", "\n\n"),
    (" (", ") "),
    ("\n<!-- ", " -->\n"),
    ("\n- ", "\n"),
    ("\n> ", "\n"),
    ("\n# ", "\n"),
    ("\n[", "]\n"),
    ("\n<div>", "</div>\n"),
    ("\nPS: ", "\n"),
)
GAP = re.compile(r"(?<=[.!?。！？।؟])\s*(?=\S)|\n+")


def pairs(records: Sequence[Record], count: int, dice: random.Random) -> list[Record]:
    """`count` pairs, attack first; sources are drawn by the root of their size."""
    carriers, phrases = _by_language(records), _by_source(records)
    every = [record for cell in carriers.values() for record in cell]
    sources = sorted(phrases)
    weights = [math.sqrt(len(phrases[source])) for source in sources]
    made: list[Record] = []
    for number in range(count if every and sources else 0):
        phrase = dice.choice(phrases[dice.choices(sources, weights)[0]])
        cell = carriers.get(phrase.lang, every) if dice.random() < SAME_LANGUAGE else every
        carrier, other = dice.choice(cell), dice.choice(cell)
        made += _pair(number, carrier, phrase, _sentence(other, len(phrase.text), dice), dice)
    return made


def _carries(record: Record) -> bool:
    return (
        not record.attack
        and record.origin != data.SYSTEM_ORIGIN
        and CARRIER_MIN <= len(record.text) <= CARRIER_MAX
    )


def _by_language(records: Sequence[Record]) -> dict[str, list[Record]]:
    cells: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        if _carries(record):
            cells[record.lang].append(record)
    return cells


def _by_source(records: Sequence[Record]) -> dict[str, list[Record]]:
    cells: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.attack and record.category in KINDS and len(record.text) <= PHRASE_MAX:
            cells[record.source].append(record)
    return cells


def _sentence(carrier: Record, length: int, dice: random.Random) -> str:
    """About `length` characters of another document, from the beginning of a sentence."""
    starts = [0, *(found.end() for found in GAP.finditer(carrier.text))]
    start = dice.choice(starts)
    ends = [at for at in [*starts, len(carrier.text)] if at >= start + SENTENCE_MIN]
    end = min(ends, key=lambda at: abs(at - start - length), default=len(carrier.text))
    return carrier.text[start : min(end, start + PHRASE_MAX)].strip() or carrier.text[:length]


def _pair(
    number: int, carrier: Record, phrase: Record, sentence: str, dice: random.Random
) -> list[Record]:
    places = [*(found.end() for found in GAP.finditer(carrier.text)), len(carrier.text)]
    at = dice.choice(places)
    before, after = dice.choice(FRAMES)
    head, tail = carrier.text[:at].rstrip(" "), carrier.text[at:].lstrip(" ")
    name = f"{SPLICED}-{number:06}"
    return [
        data.Record(
            id=f"{name}-{'a' if attack else 'b'}",
            text=f"{head}{before}{inserted}{after}{tail}",
            attack=attack,
            category="indirect_injection" if attack else "benign_hard",
            source=SPLICED,
            lang=phrase.lang,
            licence=carrier.licence,
            origin=data.ORIGIN_OF_ROLE["document"],
            injection=inserted if attack else None,
            pair=name,
        )
        for attack, inserted in ((True, phrase.text.strip()), (False, sentence))
    ]
