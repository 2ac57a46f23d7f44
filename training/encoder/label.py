"""Soft scores of the teacher for every text that tiers 1 and 2 learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.encoder import score

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from training.data import Record
    from training.encoder.network import Encoder

PART = 4096


def write(
    path: Path,
    model: Encoder,
    tokenizer: Tokenizer,
    records: Sequence[Record],
    *,
    windows_max: int,
    name: str,
) -> None:
    """`path` with `ids` and `logits`; parts that an earlier run finished are taken from it.

    `name` tells one teacher from another: parts of another are not taken.
    """
    folder = path.with_suffix(".parts")
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder, name)
    left = [record for record in records if record.id not in known]
    # Like lengths together; and whatever breaks off, the short majority is done first.
    left.sort(key=lambda record: len(record.text))
    for at in range(0, len(left), PART):
        part = left[at : at + PART]
        logits = score.texts(
            model, tokenizer, [record.text for record in part], windows_max=windows_max
        )
        ids = np.array([record.id for record in part])
        np.savez(folder / f"{name}-{len(known):07}.npz", ids=ids, logits=logits)
        known.update(zip(ids.tolist(), logits, strict=True))
        print(f"labelled {len(known)} of {len(records)} texts", flush=True)
    kept = [record.id for record in records]
    np.savez_compressed(
        path, ids=np.array(kept), logits=np.stack([known[key] for key in kept]), teacher=name
    )


def _known(folder: Path, name: str) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for path in sorted(folder.glob(f"{name}-*.npz")):
        saved = np.load(path)
        known.update(zip(saved["ids"].tolist(), saved["logits"], strict=True))
    return known
