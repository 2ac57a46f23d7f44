"""Fine-tunes the encoder. A run that was broken off goes on where it last saved."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from training.encoder import batches, network, texts, vocabulary, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from training.encoder.batches import Batch
    from training.encoder.network import Encoder
    from training.encoder.settings import Settings
    from training.encoder.texts import Example

SAVE_EVERY = 100
SAY_EVERY = 20
LOOKED_AT = 24


@dataclass(slots=True)
class State:
    """Where a run stands."""

    model: Encoder
    optimizer: torch.optim.Optimizer
    step: int


def run(
    model: Encoder,
    tokenizer: Tokenizer,
    examples: Callable[[], Sequence[Example]],
    settings: Settings,
    out: Path,
    *,
    threads: int,
) -> Encoder:
    """Trains to the end, from the last saved point if there is one; keeps `model.pt`."""
    torch.manual_seed(settings.seed)
    where = network.device()
    if where.type == "cpu":
        torch.set_num_threads(threads)
    model.to(where)
    state = State(model, _optimizer(model, settings), 0)
    _restore(state, settings, out / "last.pt")
    passes = texts.freeze(
        out / "drawn.json",
        lambda: [
            texts.draw(
                examples(),
                settings.drawn,
                f"{settings.seed}:{epoch}",
                generated=settings.generated,
                spliced=settings.spliced,
                guarded=settings.guarded,
            )
            for epoch in range(settings.epochs)
        ],
    )
    done = 0
    planned = [_plan(tokenizer, drawn, settings, epoch) for epoch, drawn in enumerate(passes)]
    total = sum(map(len, planned))
    if state.step == 0 and not float(model.centre.abs().sum()):
        _look(model, planned[0][:LOOKED_AT], where)
    say = _Teller(total, state.step, out / "log.jsonl")
    for plan in planned:
        for batch in plan:
            done += 1
            if done <= state.step:
                continue
            losses = _step(state, batch, settings, total, where)
            state.step = done
            say.step(done, losses)
            if done % SAVE_EVERY == 0 or done == total:
                _save(state, settings, out / "last.pt")
    trained = {k: v.cpu() for k, v in model.state_dict().items() if k != "words.weight"}
    torch.save({"model": trained, "settings": asdict(settings)}, out / "model.pt")
    return model


def _look(model: Encoder, some: Sequence[Batch], where: torch.device) -> None:
    model.eval()
    with torch.no_grad(), network.half_precision(where):
        means = [
            model.pooled(*(part.to(where) for part in network.pad(batch.rows, vocabulary.PAD)))
            for batch in some
        ]
    model.look(torch.cat(means).float())


def _plan(
    tokenizer: Tokenizer, drawn: Sequence[Example], settings: Settings, epoch: int
) -> list[Batch]:
    return batches.make(
        windows.tokenize(tokenizer, drawn), settings.rows, f"{settings.seed}:{epoch}"
    )


def _optimizer(model: Encoder, settings: Settings) -> torch.optim.Optimizer:
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = settings.head_rate if name.startswith("heads.") else settings.rate
            decay = settings.decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": group, "lr": rate, "base": rate, "weight_decay": decay}
            for (rate, decay), group in groups.items()
        ],
        fused=True,
    )


def _step(
    state: State, batch: Batch, settings: Settings, total: int, where: torch.device
) -> dict[str, float]:
    state.model.train()
    warm = max(1, int(settings.warm * total))
    factor = (
        (state.step + 1) / warm
        if state.step < warm
        else 0.5 * (1 + math.cos(math.pi * (state.step - warm) / max(1, total - warm)))
    )
    for group in state.optimizer.param_groups:
        group["lr"] = group["base"] * factor
    ids, mask = network.pad(batch.rows, vocabulary.PAD)
    with network.half_precision(where):
        logits = state.model(ids.to(where), mask.to(where))
    parts = losses(logits.float(), batch, settings)
    total_loss = torch.stack(list(parts.values())).sum()
    state.optimizer.zero_grad(set_to_none=True)
    total_loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), settings.clip)
    state.optimizer.step()
    return {name: float(part.detach()) for name, part in parts.items()}


def losses(logits: torch.Tensor, batch: Batch, settings: Settings) -> dict[str, torch.Tensor]:
    """What is wrong with the answers to one batch, by head, weighted."""
    where = logits.device
    attack = torch.tensor([float(e.record.attack) for e in batch.examples], device=where)
    harm = torch.tensor([float(e.harm) for e in batch.examples], device=where)
    weight = torch.tensor(
        [
            0.0 if e.harm else settings.written_weight if e.is_written else 1.0
            for e in batch.examples
        ],
        device=where,
    )
    target = attack * (1 - 2 * settings.smoothing) + settings.smoothing
    each = functional.binary_cross_entropy_with_logits(
        logits[:, network.ATTACK], target, reduction="none"
    )
    parts = {"attack": (each * weight).sum() / weight.sum().clamp(min=1)}
    # Whether an attack also asks for harm is not known: it teaches the harm head nothing.
    known = (1 - attack) * (1 + (settings.harm_positive - 1) * harm)
    each = functional.binary_cross_entropy_with_logits(
        logits[:, network.HARM], harm, reduction="none"
    )
    parts["harm"] = settings.harm_weight * (each * known).sum() / known.sum().clamp(min=1)
    kinds = torch.tensor(batch.kinds(), device=where)
    each = functional.cross_entropy(
        logits[:, network.KINDS :], kinds.clamp(min=0), reduction="none"
    )
    parts["kind"] = settings.kind_weight * (each * (kinds >= 0)).sum() / len(kinds)
    if batch.pairs:
        left, right = (list(side) for side in zip(*batch.pairs, strict=True))
        apart = logits[left, network.ATTACK] - logits[right, network.ATTACK]
        each = functional.softplus(settings.pair_margin - apart)
        share = 2 * len(batch.pairs) / len(batch.rows)
        parts["pair"] = settings.pair_weight * share * each.mean()
    return parts


def _save(state: State, settings: Settings, path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {
            "model": {k: v for k, v in state.model.state_dict().items() if k != "words.weight"},
            "optimizer": state.optimizer.state_dict(),
            "step": state.step,
            "random": torch.get_rng_state(),
            "settings": asdict(settings),
        },
        part,
    )
    part.replace(path)


def _restore(state: State, settings: Settings, path: Path) -> None:
    if not path.exists():
        return
    saved = torch.load(path, weights_only=True, map_location=network.device())
    if saved["settings"] != asdict(settings):
        raise SystemExit(f"`{path}` is of a run with other settings: take another --out")
    state.model.load_state_dict(saved["model"], strict=False)
    state.optimizer.load_state_dict(saved["optimizer"])
    state.step = saved["step"]
    torch.set_rng_state(saved["random"].cpu())


class _Teller:
    """Says how far a run is and how long the rest will take."""

    def __init__(self, total: int, done: int, log: Path) -> None:
        self._total, self._first, self._log = total, done, log
        self._began = time.monotonic()
        self._sums: dict[str, float] = {}
        self._count = 0
        print(f"{total} batches, {done} done before", flush=True)

    def step(self, done: int, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if done % SAY_EVERY and done != self._total:
            return
        rate = (time.monotonic() - self._began) / (done - self._first)
        means = {name: round(value / self._count, 4) for name, value in self._sums.items()}
        print(
            f"[{done}/{self._total}] {rate:.2f} s a batch, {rate * (self._total - done) / 60:.1f} "
            f"min left, {means}",
            flush=True,
        )
        with self._log.open("a") as log:
            log.write(json.dumps({"step": done, "seconds_a_batch": round(rate, 3), **means}) + "\n")
        self._sums, self._count = {}, 0
