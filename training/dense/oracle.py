"""Reads a text by the file alone, slowly and plainly: the engine is held against it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from training.dense import modelfile, pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.dense.modelfile import DenseFile

    Floats = NDArray[np.float64]

ATTACK, HARM = 0, 1


class Oracle:
    """One file, opened."""

    def __init__(self, raw: bytes) -> None:
        self.file: DenseFile = modelfile.read(raw)

    @cached_property
    def _known(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.file.pieces) if at != pieces.UNKNOWN}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._known))

    def ids(self, prepared: str) -> list[int]:
        """The pieces of a prepared text, as numbers."""
        found: list[int] = []
        chunk = self.file.chunk
        for word in prepared.split(" ") if prepared else []:
            marked = pieces.SPACE + word
            for at in range(0, len(marked), chunk):
                found += self._best(marked[at : at + chunk])
        return found

    def _best(self, chunk: str) -> list[int]:
        """The likeliest way to cut; of equals the one that was found first."""
        ends: list[tuple[float, int, int] | None] = [(0.0, 0, 0), *[None] * len(chunk)]
        for start in range(len(chunk)):
            here = ends[start]
            if here is None:
                raise AssertionError("every place can be reached: each character is an edge")
            for end in range(start + 1, min(len(chunk), start + self._longest) + 1):
                piece = self._known.get(chunk[start:end])
                if piece is None:
                    if end > start + 1:
                        continue
                    piece = pieces.UNKNOWN
                score = here[0] + float(self.file.scores[piece])
                rival = ends[end]
                if rival is None or score > rival[0]:
                    ends[end] = (score, start, piece)
        found: list[int] = []
        at = len(chunk)
        while at:
            step = ends[at]
            if step is None:
                raise AssertionError("every place can be reached: each character is an edge")
            if not (step[2] == pieces.UNKNOWN and found and found[-1] == pieces.UNKNOWN):
                found.append(step[2])
            at = step[1]
        return found[::-1]

    def states(self, ids: list[int]) -> Floats:
        """Each piece in the light of those around it."""
        file = self.file
        x = file.rows[ids].astype(float) * file.scales[ids].astype(float)[:, None]
        for step, (bias, weights) in zip(file.dilations, file.blocks, strict=True):
            wide = np.pad(x, ((step, step), (0, 0)))
            made = np.tile(bias.astype(float), (len(x), 1))
            for tap in range(modelfile.WIDTH):
                made += wide[tap * step : tap * step + len(x)] @ weights[tap].astype(float)
            x = x + np.maximum(made, 0.0)
        return np.asarray(x)

    def windows(self, ids: list[int]) -> Floats:
        """The outputs of each window."""
        file = self.file
        x = self.states(ids)
        count = max(1, -(-len(x) // file.stride) - 1)
        rows = []
        for at in range(0, count * file.stride, file.stride):
            part = x[at : at + file.window]
            weight = np.exp(part @ file.queries.T.astype(float))
            weight /= weight.sum(0)
            seen = np.concatenate([(weight.T @ part).reshape(-1), part.max(0)])
            hidden = np.maximum(seen @ file.inner[0].astype(float) + file.inner[1], 0.0)
            rows.append(hidden @ file.outer[0].astype(float) + file.outer[1])
        return np.stack(rows)

    def logits(self, prepared: str) -> Floats | None:
        """What the text says: its strongest window, and the highest harm; `None` if it is empty."""
        ids = self.ids(prepared)
        if not ids:
            return None
        rows = self.windows(ids)
        told: Floats = rows[int(rows[:, ATTACK].argmax())].copy()
        told[HARM] = rows[:, HARM].max()
        return told
