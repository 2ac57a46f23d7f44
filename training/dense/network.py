"""The dense model as it is trained: the same numbers as the engine computes from the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from training.encoder.network import ATTACK, HARM, OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW = 64
STRIDE = 32
WIDTH = 3
FAR = -1e4


@dataclass(frozen=True, slots=True)
class Sizes:
    """Everything that says how large the model is."""

    size: int
    dilations: tuple[int, ...]
    heads: int
    hidden: int


class Dense(nn.Module):
    """From ids of pieces to one row of logits for each window of a text."""

    def __init__(self, sizes: Sizes, words: torch.Tensor, drop: float) -> None:
        super().__init__()
        self.sizes = sizes
        self.words = nn.Embedding(words.shape[0], words.shape[1], _weight=words, sparse=True)
        self.blocks = nn.ModuleList(
            nn.Conv1d(sizes.size, sizes.size, WIDTH, padding=step, dilation=step)
            for step in sizes.dilations
        )
        self.queries = nn.Parameter(torch.randn(sizes.heads, sizes.size) * 0.1)
        self.inner = nn.Linear((sizes.heads + 1) * sizes.size, sizes.hidden)
        self.outer = nn.Linear(sizes.hidden, OUTPUTS)
        self.drop = nn.Dropout(drop)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden units and logits of each window, texts by windows by …; see `windows_of`."""
        x = self.words(ids) * mask[:, :, None]
        x = self.states(x.transpose(1, 2), mask[:, None, :])
        cut, inside = windows_of(x, mask)
        weight = torch.einsum("nwdt,hd->nwht", cut, self.queries)
        weight = torch.softmax(weight + (1 - inside)[:, :, None, :] * FAR, dim=-1)
        means = torch.einsum("nwht,nwdt->nwhd", weight, cut).flatten(2)
        most = (cut + (1 - inside)[:, :, None, :] * FAR).amax(-1)
        hidden = functional.relu(self.inner(self.drop(torch.cat([means, most], dim=2))))
        return hidden, self.outer(self.drop(hidden))

    def states(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Each piece in the light of those around it."""
        for block in self.blocks:
            x = (x + functional.relu(block(x))) * mask
        return x


def windows_of(x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The windows of each text, texts by windows by size by `WINDOW`, and what in them is text."""
    length = x.shape[2]
    count = count_of(length)
    missing = (count - 1) * STRIDE + WINDOW - length
    x, mask = functional.pad(x, (0, missing)), functional.pad(mask, (0, missing))
    cut = x.unfold(2, WINDOW, STRIDE).permute(0, 2, 1, 3)
    return cut, mask.unfold(1, WINDOW, STRIDE)


def count_of(length: int) -> int:
    """How many windows a text of so many pieces has."""
    return max(1, -(-(length - STRIDE) // STRIDE))


def strongest(logits: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """A row a text: that of the window with the highest attack, with the highest harm of all."""
    counts = torch.tensor([count_of(length) for length in lengths], device=logits.device)
    at = torch.arange(logits.shape[1], device=logits.device)
    absent = (at[None, :] >= counts[:, None]).float() * FAR
    best = (logits[:, :, ATTACK] + absent).argmax(1)
    chosen = logits[torch.arange(len(logits), device=logits.device), best]
    harm = (logits[:, :, HARM] + absent).amax(1)
    return torch.cat([chosen[:, :HARM], harm[:, None], chosen[:, HARM + 1 :]], dim=1)
