"""Trains the dense model. A pass takes a minute, so a run that was broken off is begun anew."""

from __future__ import annotations

import math
import random
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.dense import network, pieces, stretches
from training.encoder.fit import losses
from training.encoder.network import ATTACK, HARM, KINDS, device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from training.dense.settings import Settings
    from training.dense.store import Store
    from training.dense.stretches import Ids
    from training.encoder.batches import Batch

READ_PIECES = 65_536


@dataclass(frozen=True, slots=True)
class Lessons:
    """Short texts and what the teacher made of them."""

    ids: list[Ids]
    logits: NDArray[np.float32]
    states: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Some of them, as one step reads them."""

    rows: list[list[int]]
    logits: torch.Tensor
    states: torch.Tensor


class Trainer:
    """The model with everything that changes while it learns."""

    def __init__(self, model: network.Dense, states: int, settings: Settings) -> None:
        self.model, self.settings = model.to(device()), settings
        # What the teacher had in mind, told from the hidden units; not part of the file.
        self.echo = nn.Linear(settings.hidden, max(1, states)).to(device())
        self.others = [p for n, p in model.named_parameters() if n != "words.weight"]
        self.others += list(self.echo.parameters())
        self.plain = torch.optim.AdamW(self.others, lr=1.0, weight_decay=settings.decay)
        self.words = torch.optim.SparseAdam([model.words.weight], lr=1.0)

    def step(self, batch: Batch | Lesson, factor: float) -> dict[str, float]:
        """One step; says what was lost, by part."""
        settings = self.settings
        for optimizer, rate in (
            (self.plain, settings.rate),
            (self.words, settings.word_rate),
        ):
            optimizer.param_groups[0]["lr"] = rate * factor
            optimizer.zero_grad(set_to_none=True)
        ids, mask = (part.to(device()) for part in pad(batch.rows))
        hidden, logits = self.model(ids, mask)
        lengths = [len(row) for row in batch.rows]
        told = network.strongest(logits, lengths)
        parts = (
            self._taught(told, hidden, lengths, batch)
            if isinstance(batch, Lesson)
            else losses(told, batch, settings)
        )
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.others, settings.clip)
        self.plain.step()
        self.words.step()
        return {name: float(part.detach()) for name, part in parts.items()}

    def _taught(
        self, told: torch.Tensor, hidden: torch.Tensor, lengths: Sequence[int], lesson: Lesson
    ) -> dict[str, torch.Tensor]:
        settings, logits = self.settings, lesson.logits.to(told.device)
        attack, harm = logits[:, ATTACK], logits[:, HARM]
        # Far from the border it does not matter how far.
        near = functional.smooth_l1_loss(
            told[:, ATTACK].clamp(-8, 8), attack.clamp(-6, 6), beta=2.0
        )
        soft = functional.binary_cross_entropy_with_logits
        kinds = functional.kl_div(
            functional.log_softmax(told[:, KINDS:], dim=1),
            functional.softmax(logits[:, KINDS:], dim=1),
            reduction="none",
        ).sum(1)
        said = (kinds * torch.sigmoid(attack)).mean()
        counts = torch.tensor([network.count_of(length) for length in lengths])
        inside = (torch.arange(hidden.shape[1])[None] < counts[:, None]).float().to(told.device)
        mean = (hidden * inside[:, :, None]).sum(1) / inside.sum(1, keepdim=True)
        apart = self.echo(mean) - lesson.states.to(told.device)
        return {
            "t_attack": settings.taught * (soft(told[:, ATTACK], attack.sigmoid()) + 0.2 * near),
            "t_harm": settings.taught * 0.3 * soft(told[:, HARM], harm.sigmoid()),
            "t_kind": settings.taught * 0.2 * said,
            "echo": settings.echo * apart.square().mean(),
        }


def run(
    model: network.Dense,
    store: Store,
    lessons: Lessons | None,
    settings: Settings,
    out: Path,
) -> network.Dense:
    """Trains to the end; keeps `model.pt`."""
    states = lessons.states.shape[1] if lessons else 0
    trainer, began = Trainer(model, states, settings), time.monotonic()
    for epoch in range(settings.epochs):
        model.train()
        sums: defaultdict[str, float] = defaultdict(float)
        counts: Counter[str] = Counter()
        batches = _pass(store, lessons, settings, epoch)
        for at, batch in enumerate(batches):
            share = (epoch + at / len(batches)) / settings.epochs
            for name, value in trainer.step(batch, _factor(share, settings.warm)).items():
                sums[name] += value
                counts[name] += 1
        means = {name: round(value / counts[name], 4) for name, value in sums.items()}
        spent = time.monotonic() - began
        print(f"pass {epoch + 1}: {len(batches)} steps, {spent:.0f} s, {means}", flush=True)
        _save(model, settings, out)
    return model


def _pass(
    store: Store, lessons: Lessons | None, settings: Settings, epoch: int
) -> list[Batch | Lesson]:
    seed = f"{settings.seed}:{epoch}"
    made: list[Batch | Lesson] = []
    if epoch >= settings.taught_alone:
        drawn = store.draw(settings.drawn, (settings.spliced, settings.guarded), seed)
        made += stretches.make(drawn, settings.rows, settings.lost, seed)
    if lessons:
        made += _lessons(lessons, settings, seed)
    random.Random(seed).shuffle(made)
    return made


def _lessons(lessons: Lessons, settings: Settings, seed: str) -> list[Lesson]:
    dice = random.Random(seed)
    noise = np.random.default_rng(dice.getrandbits(32))
    chosen = dice.sample(range(len(lessons.ids)), min(settings.lessons, len(lessons.ids)))
    order = stretches.by_length([len(lessons.ids[at]) for at in chosen], dice)
    made = []
    for start in range(0, len(order), settings.rows):
        part = [chosen[at] for at in order[start : start + settings.rows]]
        rows = [stretches.lose(lessons.ids[at], settings.lost, noise) for at in part]
        logits, states = (torch.from_numpy(held[part]) for held in (lessons.logits, lessons.states))
        made.append(Lesson(rows, logits, states))
    return made


def _save(model: network.Dense, settings: Settings, out: Path) -> None:
    state = {name: part.cpu() for name, part in model.state_dict().items()}
    torch.save({"model": state, "settings": asdict(settings)}, out / "model.pt")


def _factor(share: float, warm: float) -> float:
    """How fast to learn when this share of a run is done: a slope up, then half a wave down."""
    if share < warm:
        return max(0.01, share / warm)
    return max(0.01, 0.5 * (1 + math.cos(math.pi * (share - warm) / (1 - warm))))


def pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids as one matrix, and where they hold something."""
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.float32)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1.0
    return torch.from_numpy(ids), torch.from_numpy(mask)


def read(model: network.Dense, made: Tokenizer, given: Sequence[str]) -> NDArray[np.float32]:
    """Logits of whole texts, as the engine tells them."""
    model.eval()
    rows = [row or [pieces.UNKNOWN] for row in pieces.ids(made, given)]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    found = np.zeros((len(rows), model.outer.out_features), np.float32)
    part: list[int] = []
    with torch.inference_mode():
        for number, at in enumerate(order):
            part.append(at)
            after = order[min(number + 1, len(order) - 1)]
            if number + 1 < len(order) and (len(part) + 1) * len(rows[after]) <= READ_PIECES:
                continue
            ids, mask = pad([rows[row] for row in part])
            _, logits = model(ids.to(device()), mask.to(device()))
            told = network.strongest(logits, [len(rows[row]) for row in part])
            found[part] = told.cpu().numpy()
            part = []
    return found
