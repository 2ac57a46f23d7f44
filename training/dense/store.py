"""All texts as ids of pieces, cut once and kept beside the run."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import numpy as np

from training import assembly
from training.dense import pieces
from training.dense.network import WINDOW
from training.dense.stretches import Text
from training.encoder import splice, texts
from training.encoder.texts import Example
from training.encoder.windows import differing
from training.generator import guards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from training.dense.stretches import Ids

# So many passes have spliced pairs of their own before they come again.
SPLICED_POOL = 3


class Store:
    """What passes are drawn from."""

    def __init__(
        self,
        folder: Path,
        made: Tokenizer,
        examples: Sequence[Example],
        sizes: tuple[int, int],
        seed: int,
    ) -> None:
        """`sizes`: how many spliced and how many guarded pairs a pass has."""
        real = [e.record for e in examples if not e.harm and e.record.source != assembly.GENERATED]
        self.examples = examples
        spliced, guarded = (SPLICED_POOL * size for size in sizes)
        self.pools = (
            splice.pairs(real, spliced, random.Random(seed)),
            guards.pairs(real, guarded, random.Random(seed)),
        )
        every = [
            *examples,
            *(Example(record, harm=False) for pool in self.pools for record in pool),
        ]
        ids = kept(folder, made, [example.record.text for example in every])
        focus = _foci(folder, made, every, ids)
        self._texts = {
            example.record.id: Text(example, ids[at], focus.get(at))
            for at, example in enumerate(every)
        }

    def draw(self, count: int, sizes: tuple[int, int], seed: str) -> list[Text]:
        """The texts of one pass."""
        keys = [example.record.id for example in texts.draw(self.examples, count, seed)]
        for pool, size in zip(self.pools, sizes, strict=True):
            pairs = len(pool) // 2
            some = random.Random(seed).sample(range(pairs), min(size, pairs))
            keys += [pool[2 * at + side].id for at in some for side in (0, 1)]
        return [self._texts[key] for key in keys]


def kept(folder: Path, made: Tokenizer, given: Sequence[str]) -> list[Ids]:
    """The ids of texts, from the folder where the same were cut before."""
    digest = hashlib.sha256(made.to_str().encode())
    for text in given:
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    path = folder / f"cut-{digest.hexdigest()[:16]}.npz"
    if not path.exists():
        rows = pieces.ids(made, given)
        flat = np.fromiter((piece for row in rows for piece in row), np.int32)
        np.savez(path, flat=flat, ends=np.cumsum([len(row) for row in rows]))
    saved = np.load(path)
    return np.split(saved["flat"], saved["ends"][:-1]) if len(given) else []


def _foci(
    folder: Path, made: Tokenizer, examples: Sequence[Example], ids: Sequence[Ids]
) -> dict[int, tuple[int, int]]:
    """Where the attack is: a known injection, or where a text differs from its twin."""
    twins: dict[str, list[int]] = {}
    for at, example in enumerate(examples):
        if example.record.pair:
            twins.setdefault(example.record.pair, []).append(at)
    focus: dict[int, tuple[int, int]] = {}
    for left, *others in twins.values():
        if len(others) == 1:
            sides = ids[left].tolist(), ids[others[0]].tolist()
            focus[left], focus[others[0]] = differing(*sides)
    places: list[int] = []
    parts: list[str] = []
    for at, example in enumerate(examples):
        record = example.record
        start = record.text.find(record.injection) if record.attack and record.injection else -1
        if start >= 0 and record.injection and len(ids[at]) > WINDOW:
            places.append(at)
            parts += [record.text[:start], record.injection]
    lengths = [len(part) for part in kept(folder, made, parts)]
    for at, before, inside in zip(places, lengths[::2], lengths[1::2], strict=True):
        length = len(ids[at])
        focus[at] = min(before, length - 1), min(length, before + max(1, inside))
    return focus
