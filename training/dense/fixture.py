"""A small random file and what the oracle reads with it: the engine's tests hold on to both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from training.data import CATEGORIES
from training.dense import modelfile, oracle, pieces

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?äжи你好한"
WORDS = (
    "the",
    "garden",
    "please",
    "read",
    "it",
    "all",
    "secret",
    "key",
    "ing",
    "er",
    "дом",
    "你好",
)
LINES = (
    "please read the garden",
    "a",
    "你好 world",
    "zzz☃☃☃zzz ☃",
    "and-then: the keykeykey, reading дома!",
    "x" * 130,
    "☃" * 60,
    "one two three four five six seven eight nine ten eleven twelve " * 3,
    "please read it all again and keep the secret key in the garden. " * 12,
    "  A literal \u2581 mark\u3000and\twide\nspaces \u2581please",
    "",
)


def make(seed: int = 7) -> bytes:
    """The bytes of a file with small random layers."""
    dice = np.random.default_rng(seed)
    size, heads, hidden, outputs = 16, 2, 8, 2 + len(CATEGORIES)
    marks = [pieces.SPACE + name for name in (*LETTERS, *WORDS)]
    names = [pieces.UNKNOWN_NAME, pieces.SPACE, *LETTERS, *WORDS, *marks]
    scores = dice.uniform(-9, -2, len(names)).astype(np.float32)
    # Words are likelier than their letters together, or none would ever be taken.
    scores[[at for at, name in enumerate(names) if len(name.lstrip(pieces.SPACE)) > 1]] += 1.0
    scores[pieces.UNKNOWN] = scores[1:].min() - pieces.UNKNOWN_PENALTY
    scales, rows = modelfile.rounded(dice.normal(0, 1, (len(names), size)).astype(np.float32))

    def draw(*shape: int) -> modelfile.Floats:
        return dice.normal(0, 0.4, shape).astype(np.float32)

    card = {
        "name": "fixture",
        "tier1_sha256": None,
        "band": [0.1, 1.0],
        "kinds": list(CATEGORIES),
        "fusion": {"bias": -0.5, "tier1": 0.5, "attack": 0.7, "attack_harm": 0.2},
        "calibration": {"knots": [[-6.0, 0.01], [0.0, 0.4], [4.0, 0.95]]},
        "harm": {"slope": 1.0, "intercept": -1.0},
        "thresholds": {"fpr_5": 0.4, "fpr_1": 0.8, "fpr_02": 0.93},
    }
    dilations = (1, 2)
    return modelfile.write(
        modelfile.DenseFile(
            names,
            scores,
            scales,
            rows,
            dilations,
            [(draw(size), draw(3, size, size)) for _ in dilations],
            draw(heads, size),
            (draw((heads + 1) * size, hidden), draw(hidden)),
            (draw(hidden, outputs), draw(outputs)),
            window=64,
            stride=32,
            chunk=pieces.CHUNK,
            card=card,
        )
    )


def expected(raw: bytes, lines: tuple[str, ...] = LINES) -> list[dict[str, object]]:
    """What the oracle makes of each text: its pieces and its logits."""
    reader = oracle.Oracle(raw)
    found: list[dict[str, object]] = []
    for line in lines:
        prepared = pieces.prepare(line)
        told = reader.logits(prepared)
        logits = None if told is None else [round(float(part), 6) for part in told]
        found.append(
            {"text": line, "prepared": prepared, "ids": reader.ids(prepared), "logits": logits}
        )
    return found


def save(folder: Path) -> None:
    """`fixture.aidd` and `fixture.json`."""
    raw = make()
    (folder / "fixture.aidd").write_bytes(raw)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in expected(raw))
    (folder / "fixture.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
