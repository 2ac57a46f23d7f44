"""A dense model small enough to be written in a test, read by the real engine.

Each word of its vocabulary turns one number on, so that a test can say what it wants.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from aidefence import Category
from aidefence.knowledge import models

KINDS = [category.value for category in list(Category)[:7]]
OUTPUTS = 2 + len(KINDS)
WIDTH = 16
LOUD = 12.0
# The number that a word turns on, and what that adds to which output.
WORDS: dict[str, tuple[int, int, float]] = {
    "alarm": (0, 0, LOUD),
    "calm": (1, 0, -LOUD),
    "poison": (2, 1, LOUD),
    "broken": (3, 0, 3e38),
}
JAILBREAK = 2 + 2
PIECES = ["<unk>", *(f"\u2581{word}" for word in WORDS)]


def write(path: Path, **changes: Any) -> Path:
    """Write the file; `changes` replace keys of the card. Gives its path."""
    path.write_bytes(data(**changes))
    return path


def data(**changes: Any) -> bytes:
    """The bytes of the file."""
    count, hidden = len(PIECES), len(WORDS)
    names = [name.encode() for name in PIECES]
    rows = np.zeros((count, WIDTH), np.int8)
    # Attention comes first among what is pooled, the highest numbers behind it.
    inner = np.zeros((2 * WIDTH, hidden), np.float32)
    outer = np.zeros((hidden, OUTPUTS), np.float32)
    for row, (at, output, added) in zip(rows[1:], WORDS.values(), strict=True):
        row[at] = 100
        # A word that is more than a number can hold makes the outputs no numbers at all.
        inner[WIDTH + at, at] = 1.0 if added <= LOUD else 2.0
        outer[at, output] = added
    outer[0, JAILBREAK] = 1.0
    parts: list[bytes] = [
        b"AIDD" + struct.pack("<10I", 1, count, WIDTH, 0, 1, hidden, OUTPUTS, 64, 32, 48),
        np.cumsum([0, *map(len, names)]).astype("<u4").tobytes(),
        b"".join(names),
        np.array([-20.0, *[-5.0] * (count - 1)], "<f4").tobytes(),
        # A row of a hundred is one.
        np.full(count, 0.01, "<f4").tobytes(),
        rows.tobytes(),
        np.zeros(WIDTH, "<f4").tobytes(),
        *(inner.tobytes(), np.zeros(hidden, "<f4").tobytes()),
        *(outer.tobytes(), np.array([-3.0, -6.0, *[0.0] * 7], "<f4").tobytes()),
    ]
    card = json.dumps({**card_of(), **changes}).encode()
    parts.append(struct.pack("<I", len(card)) + card)
    body = b"".join(part + bytes(-len(part) % 4) for part in parts)
    return body + struct.pack("<I", zlib.crc32(body))


def card_of() -> dict[str, Any]:
    """A card under which the attack logit alone decides."""
    tier1 = models.load()
    assert tier1 is not None
    return {
        "name": "tiny",
        "tier1_sha256": hashlib.sha256(tier1.data).hexdigest(),
        "band": [0.0, 1.0],
        "kinds": KINDS,
        "fusion": {"bias": 0.0, "attack": 1.0},
        "calibration": {"knots": [[-6.0, 0.01], [0.0, 0.3], [6.0, 0.99]]},
        "harm": {"slope": 1.0, "intercept": 0.0},
        "thresholds": {"fpr_5": tier1.fpr_5, "fpr_1": tier1.fpr_1, "fpr_02": tier1.fpr_02},
    }
