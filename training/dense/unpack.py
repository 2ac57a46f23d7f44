"""A run made of a file, so that training can go on where no other run is at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from training.dense import modelfile
from training.dense.pieces import Piece

if TYPE_CHECKING:
    from training.dense.modelfile import DenseFile


def read(raw: bytes) -> tuple[dict[str, Piece], dict[str, torch.Tensor], dict[str, Any]]:
    """Pieces, weights as the network names them, and what says how large it is.

    Which pieces of the base a piece stood for is not in a file: such a run can train on, but not
    begin anew.
    """
    file = modelfile.read(raw)
    found = {
        name: Piece(math.exp(score))
        for name, score in zip(file.pieces[1:], file.scores[1:].tolist(), strict=True)
    }
    sizes = {
        "size": file.rows.shape[1],
        "dilations": file.dilations,
        "heads": len(file.queries),
        "hidden": len(file.inner[1]),
    }
    return found, {name: torch.from_numpy(part.copy()) for name, part in _state(file)}, sizes


def _state(file: DenseFile) -> list[tuple[str, modelfile.Floats]]:
    found = [
        ("words.weight", (file.rows * file.scales[:, None]).astype(np.float32)),
        ("queries", file.queries),
        ("inner.weight", file.inner[0].T),
        ("inner.bias", file.inner[1]),
        ("outer.weight", file.outer[0].T),
        ("outer.bias", file.outer[1]),
    ]
    for at, (bias, weight) in enumerate(file.blocks):
        found += [
            (f"blocks.{at}.bias", bias),
            (f"blocks.{at}.weight", weight.transpose(2, 1, 0)),
        ]
    return found
