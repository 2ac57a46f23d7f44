"""What the encoder says of many short texts, and what it has in mind when it says it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from training.encoder import network, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from training.encoder.network import Encoder

BATCH_TOKENS = 4096
TOKENS_MAX = 126
SAY_EVERY_S = 60.0


def write(
    path: Path, encoder: Encoder, tokenizer: Tokenizer, texts: Sequence[str], size: int
) -> None:
    """`path`.json with the texts, `path`.npz with logits and the main directions of the states."""
    rows = [
        [vocabulary.BEGIN, *row[:TOKENS_MAX], vocabulary.END]
        for row in vocabulary.tokens(tokenizer, texts)
    ]
    logits, states = _run(encoder, rows)
    apart = states - states.mean(0)
    values, vectors = np.linalg.eigh(apart.T @ apart / len(apart))
    main = np.argsort(-values)[:size]
    turned = apart @ vectors[:, main] / np.sqrt(values[main].sum() / size)
    np.savez(path.with_suffix(".npz"), logits=logits, states=turned.astype(np.float16))
    path.with_suffix(".json").write_text(json.dumps(list(texts), ensure_ascii=False))


def load(path: Path) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    """Texts, logits and states."""
    saved = np.load(path.with_suffix(".npz"))
    texts = json.loads(path.with_suffix(".json").read_text())
    return texts, saved["logits"].astype(np.float32), saved["states"].astype(np.float32)


def _run(
    encoder: Encoder, rows: Sequence[list[int]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    where = network.device()
    encoder.to(where).eval()
    order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
    logits = np.zeros((len(rows), network.OUTPUTS), np.float32)
    states = np.zeros((len(rows), encoder.shape.hidden), np.float32)
    at, began, said = 0, time.monotonic(), time.monotonic()
    with torch.inference_mode(), network.half_precision(where):
        while at < len(order):
            part = order[at : at + max(1, BATCH_TOKENS // len(rows[order[at]]))]
            ids, mask = network.pad([rows[row] for row in part], vocabulary.PAD)
            seen = (encoder.pooled(ids.to(where), mask.to(where)) - encoder.centre) / encoder.spread
            states[part] = seen.float().cpu().numpy()
            logits[part] = encoder.heads(seen.float()).float().cpu().numpy()
            at += len(part)
            if time.monotonic() - said > SAY_EVERY_S:
                said = time.monotonic()
                rest = (said - began) / at * (len(order) - at)
                print(f"labelled {at} of {len(order)}, at most {rest:.0f} s left", flush=True)
    return logits, states
