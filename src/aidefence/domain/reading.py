"""What a deep model says of a text, before anybody weighs it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

# Texts of fewer characters are no briefer, and of more no longer.
SHORT_CHARACTERS, LONG_CHARACTERS = 64, 1000


@dataclass(frozen=True, slots=True)
class EncoderLimits:
    """How much of one text is read, and in what steps."""

    characters_max: int = 200_000
    window_tokens: int = 126
    stride_tokens: int = 96
    windows_max: int = 96
    sentences_max: int = 24
    rows_max: int = 8
    milliseconds_max: int = 2_000


@dataclass(frozen=True, slots=True)
class EncoderReading:
    """What the encoder says of one text: logits of its strongest window and sentence."""

    attack_logit: float
    window_logit: float
    sentence_logit: float
    harm_logit: float
    kind_logits: tuple[float, ...] = field(repr=False)
    start: int
    end: int
    runs: int
    cut_short: bool

    @property
    def attack(self) -> float:
        """The raw score, between zero and one; not yet calibrated."""
        return sigmoid(self.attack_logit)

    @property
    def harm(self) -> float:
        """The raw score of asking for something harmful, whoever is asked."""
        return sigmoid(self.harm_logit)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What tiers 1 and 3 believe together of a text, and where in it tier 3 heard it."""

    confidence: float
    harm: float
    logit: float
    kind: int | None
    start: int
    end: int
    cut_short: bool


def sigmoid(logit: float) -> float:
    """Turn a logit into a number between zero and one."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1 + odds)


def brevity(characters: int) -> float:
    """How much shorter a text is than a long one, as a natural logarithm, from 0 to 2.75.

    The loudest of many windows is loud by chance, so the same reading says more of a short text.
    """
    return math.log(LONG_CHARACTERS / min(max(characters, SHORT_CHARACTERS), LONG_CHARACTERS))


def single(value: float) -> float:
    """Round to single precision."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded
