"""Reads the phrasings that were written down, and says of each what became of it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aidefence.policy.compiling import compile_source
from aidefence.policy.image import Image
from aidefence.policy.phrases.reading import (
    Ambiguous,
    Outcome,
    Reading,
    Refused,
    Understood,
    read_phrase,
)

from .meaning import same_meaning

_HERE = Path(__file__).parent
FILES = (
    "phrasings.toml",
    "phrasings_held_out.toml",
    "phrasings_third.toml",
    "phrasings_develop.toml",
    "phrasings_judged.toml",
    "phrasings_fresh.toml",
    "phrasings_last.toml",
    "phrasings_voices.toml",
    "phrasings_blind.toml",
)
"""All sets, in the order in which they were written."""


class Fate(StrEnum):
    """What became of a phrase."""

    RIGHT = "right"
    ASKED = "asked"
    REFUSED = "refused"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Phrasing:
    """What is said, and what is meant.

    Several meanings are to be asked about; what has none is to be refused or asked about.
    """

    said: str
    kind: str
    meant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A phrasing and what became of it. `offered` says whether what is meant was among it."""

    phrasing: Phrasing
    fate: Fate
    outcome: Outcome
    offered: bool


def phrasings(name: str) -> list[Phrasing]:
    """Load a file of phrasings."""
    data = tomllib.loads((_HERE / name).read_text("utf-8"))
    found = []
    for group in data["group"]:
        for said, first, *more in group["phrasings"]:
            if first == "?":
                found.append(Phrasing(said, "ask", tuple(more)))
            elif first == "!":
                found.append(Phrasing(said, "refuse", ()))
            else:
                found.append(Phrasing(said, "read", (first,)))
    return found


def measured(name: str) -> Iterator[Measured]:
    """Read all phrasings of a file."""
    return judged(phrasings(name))


def judged(given: Iterable[Phrasing]) -> Iterator[Measured]:
    """Read phrasings, and compare each reading with what is meant."""
    head = "policy phrase version 1\ndefault allow\non error block\n"
    head += tomllib.loads((_HERE / "phrasings.toml").read_text("utf-8"))["definitions"]
    for phrasing in given:
        outcome = read_phrase(phrasing.said)
        meant = [_compiled(head, it) for it in phrasing.meant]
        yield _judged(phrasing, outcome, meant)


def totals(results: list[Measured]) -> Counter[tuple[str, Fate]]:
    """Count what became of phrases of each kind."""
    return Counter((it.phrasing.kind, it.fate) for it in results)


def _compiled(head: str, meant: str) -> tuple[bool, Image]:
    is_bare = meant.startswith("when ")
    rule = f"block {meant}" if is_bare else meant
    return is_bare, compile_source(f"{head}rule rule: {rule}\n").image


def _judged(phrasing: Phrasing, outcome: Outcome, meant: list[tuple[bool, Image]]) -> Measured:
    if isinstance(outcome, Refused):
        return Measured(phrasing, Fate.REFUSED, outcome, offered=False)
    if isinstance(outcome, Ambiguous):
        offered = all(any(_same(it, one) for it in outcome.readings) for one in meant)
        return Measured(phrasing, Fate.ASKED, outcome, offered)
    assert isinstance(outcome, Understood)
    right = phrasing.kind == "read" and _same(outcome.reading, meant[0])
    return Measured(phrasing, Fate.RIGHT if right else Fate.WRONG, outcome, right)


def _same(reading: Reading, meant: tuple[bool, Image]) -> bool:
    is_bare, image = meant
    text = f"policy phrase version 1\ndefault allow\non error block\n{reading.pdl}"
    return reading.is_bare == is_bare and same_meaning(compile_source(text).image, image)
