"""What the measurements are taken on: two payloads of our own texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from aidefence.service.benchmark_texts import MIX_NAME, attack_texts, cut, mixed_texts

_TEXTS = Path(__file__).with_name("texts")
_ATTACK_SHARE = 0.05
_SEED = 20261123
_PROMPT_BYTES_MAX = 200
_SEPARATOR = "%%%"


@dataclass(frozen=True, slots=True)
class Payload:
    """Texts of about a size, the same every time."""

    name: str
    texts: Callable[[int, int], list[str]]
    """Size in bytes, and how many."""


def everyday_texts(size_bytes: int, count: int) -> list[str]:
    """What an application sees on an ordinary day; one text in twenty carries an attack.

    Up to 200 bytes these are whole prompts, whatever is asked for: they are about 100 bytes long.
    Longer texts are documents, cut to the size.
    """
    dice = Random(_SEED + size_bytes)
    if size_bytes <= _PROMPT_BYTES_MAX:
        ordinary = (_TEXTS / "prompts.txt").read_text("utf-8").splitlines()
        attacks = [cut(text, size_bytes) for text in attack_texts()]
        return [
            dice.choice(attacks if dice.random() < _ATTACK_SHARE else ordinary)
            for _ in range(count)
        ]
    documents = (_TEXTS / "documents.txt").read_text("utf-8").split(f"\n{_SEPARATOR}\n")
    return [_document(dice, documents, size_bytes) for _ in range(count)]


def _document(dice: Random, documents: list[str], size_bytes: int) -> str:
    lines = dice.choice(documents).split("\n")
    while sum(len(line.encode()) + 1 for line in lines) < size_bytes:
        lines += dice.choice(documents).split("\n")
    if dice.random() < _ATTACK_SHARE:
        # Within what is kept, not behind the cut.
        lines.insert(dice.randint(0, len(lines) // 4), dice.choice(attack_texts()))
    return cut("\n".join(lines), size_bytes)


EVERYDAY = Payload("everyday-1", everyday_texts)
HARD = Payload(MIX_NAME, mixed_texts)
