"""From the trained network to the file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from training.dense import modelfile, network, pieces

if TYPE_CHECKING:
    from training.dense.network import Dense
    from training.dense.pieces import Piece


def round_words(model: Dense) -> None:
    """Puts embeddings of 8 bits in place of the trained ones."""
    scales, rows = modelfile.rounded(model.words.weight.detach().cpu().numpy())
    with torch.no_grad():
        model.words.weight.copy_(torch.from_numpy(rows * scales[:, None]))


def file(model: Dense, found: dict[str, Piece], card: dict[str, Any]) -> bytes:
    """The bytes of the file."""
    state = {name: part.detach().cpu().numpy() for name, part in model.state_dict().items()}
    scales, rows = modelfile.rounded(state["words.weight"])
    scores = np.array([math.log(piece.chance) for piece in found.values()], np.float32)
    return modelfile.write(
        modelfile.DenseFile(
            [pieces.UNKNOWN_NAME, *found],
            np.concatenate([[scores.min() - pieces.UNKNOWN_PENALTY], scores]).astype(np.float32),
            scales,
            rows,
            model.sizes.dilations,
            [
                (state[f"blocks.{at}.bias"], state[f"blocks.{at}.weight"].transpose(2, 1, 0))
                for at in range(len(model.sizes.dilations))
            ],
            state["queries"],
            (state["inner.weight"].T, state["inner.bias"]),
            (state["outer.weight"].T, state["outer.bias"]),
            network.WINDOW,
            network.STRIDE,
            pieces.CHUNK,
            card,
        )
    )
