"""Reads whole texts with the trained network, in big batches, by the windows that are used live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from aidefence.adapters.encoder import EncoderLimits, sentence_spans, windows
from training.encoder import network, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from training.encoder.network import Encoder

# Tokens in one batch, padding included.
BATCH_TOKENS = 8192
SAY_EVERY_S = 30.0


def texts(
    model: Encoder,
    tokenizer: Tokenizer,
    given: Sequence[str],
    *,
    windows_max: int = 16,
    sentences: bool = False,
    exact: bool = False,
) -> NDArray[np.float32]:
    """Logits of each text: the highest attack and harm, the kinds of the strongest part."""
    limits = EncoderLimits(windows_max=windows_max, characters_max=vocabulary.CHARACTERS_MAX)
    rows: list[list[int]] = []
    owner: list[int] = []
    usable = [vocabulary.usable(text) for text in given]
    for at in range(0, len(usable), vocabulary.BATCH):
        part = usable[at : at + vocabulary.BATCH]
        for number, found in enumerate(tokenizer.encode_batch(part, add_special_tokens=False)):
            spans, _ = windows(len(found.ids), limits)
            if sentences:
                spans += sentence_spans(part[number], found.offsets, limits)
            for start, end in spans:
                rows.append([vocabulary.BEGIN, *found.ids[start:end], vocabulary.END])
                owner.append(at + number)
    return strongest(run(model, rows, exact=exact), np.array(owner), len(given))


def strongest(
    logits: NDArray[np.float32], owner: NDArray[np.int64], count: int
) -> NDArray[np.float32]:
    """One row a text from the rows of its parts."""
    found = np.full((count, logits.shape[1]), -np.inf, np.float32)
    # The strongest part of each text comes last and overwrites the others.
    order = np.lexsort((logits[:, network.ATTACK], owner))
    found[owner[order]] = logits[order]
    found[:, network.HARM] = -np.inf
    np.maximum.at(found[:, network.HARM], owner, logits[:, network.HARM])
    return found


def run(model: Encoder, rows: Sequence[list[int]], *, exact: bool = False) -> NDArray[np.float32]:
    """Logits of each row, in order; `exact` computes in 32 bits."""
    where = network.device()
    model.to(where).eval()
    order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
    found = np.zeros((len(rows), network.OUTPUTS), np.float32)
    at, began, said = 0, time.monotonic(), time.monotonic()
    with torch.inference_mode(), network.half_precision(where, off=exact):
        while at < len(order):
            size = max(1, BATCH_TOKENS // len(rows[order[at]]))
            part = order[at : at + size]
            ids, mask = network.pad([rows[row] for row in part], vocabulary.PAD)
            found[part] = model(ids.to(where), mask.to(where)).float().cpu().numpy()
            at += len(part)
            if time.monotonic() - said > SAY_EVERY_S:
                said = time.monotonic()
                rest = (said - began) / at * (len(order) - at)
                print(f"read {at} of {len(order)} windows, at most {rest:.0f} s left", flush=True)
    return found
