"""First embeddings of the pieces: each alone through an encoder, then its main directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from training.encoder import network, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.dense.pieces import Piece
    from training.encoder.base import Base
    from training.encoder.network import Encoder

    Floats = NDArray[np.float32]

BATCH = 512
# Between leaving the spread of each direction as it is (0) and making all alike (1).
WHITEN = 0.5


def surfaces(encoder: Encoder, base: Base, found: Sequence[Piece]) -> Floats:
    """What the encoder says of each piece: the mean over what it stands for in the base."""
    places = {name: at for at, name in enumerate(base.pieces)}
    whole = vocabulary.tokenizer(base.pieces, base.scores.tolist())
    rows: list[list[int]] = []
    owner: list[int] = []
    weight: list[float] = []
    for at, piece in enumerate(found):
        total = sum(share for _, share in piece.surfaces)
        for text, share in piece.surfaces:
            inner = (
                [places[text]]
                if text in places
                else whole.encode(text.lstrip(vocabulary.SPACE), add_special_tokens=False).ids
            )
            rows.append([vocabulary.BEGIN, *inner, vocabulary.END])
            owner.append(at)
            weight.append(share / total)
    seen = _pooled(encoder, rows) * np.array(weight, np.float32)[:, None]
    summed = np.zeros((len(found), seen.shape[1]), np.float32)
    np.add.at(summed, np.array(owner), seen)
    return summed


def _pooled(encoder: Encoder, rows: Sequence[list[int]]) -> Floats:
    where = network.device()
    encoder.to(where).eval()
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    made = np.zeros((len(rows), encoder.shape.hidden), np.float32)
    with torch.inference_mode(), network.half_precision(where):
        for at in range(0, len(order), BATCH):
            part = order[at : at + BATCH]
            token_ids, mask = network.pad([rows[row] for row in part], vocabulary.PAD)
            made[part] = encoder.pooled(token_ids.to(where), mask.to(where)).float().cpu().numpy()
    return made


def reduce(seen: Floats, counts: NDArray[np.float64], size: int) -> Floats:
    """The `size` main directions; pieces weigh by the root of how often they occur."""
    weight = np.sqrt(counts + 1.0)
    weight /= weight.sum()
    apart = seen - weight @ seen
    values, vectors = np.linalg.eigh((apart * weight[:, None]).T @ apart)
    main = np.argsort(-values)[:size]
    turned = apart @ vectors[:, main] / values[main] ** (WHITEN / 2)
    spread = np.sqrt(weight @ (turned**2).sum(1) / size)
    return np.asarray(turned / spread, np.float32)
