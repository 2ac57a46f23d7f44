"""The encoder with its heads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from training.data import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from training.encoder.base import Base, Shape, Words

# Columns of the output: is it an attack, does it ask for harm, which kind of attack.
ATTACK, HARM, KINDS = 0, 1, 2
OUTPUTS = KINDS + len(CATEGORIES)
DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """Which layers of the base are kept."""

    layers: tuple[int, ...]

    @staticmethod
    def of(shape: Shape, count: int) -> Plan:
        """`count` layers, evenly spread; the last one is always among them."""
        step = shape.layers / count
        return Plan(tuple(math.ceil((at + 1) * step) - 1 for at in range(count)))


class Layer(nn.Module):
    """One layer: attention, then two dense ones."""

    def __init__(self, hidden: int, heads: int, inner: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(hidden, hidden)
        self.k = nn.Linear(hidden, hidden)
        self.v = nn.Linear(hidden, hidden)
        self.ao = nn.Linear(hidden, hidden)
        self.aln = nn.LayerNorm(hidden, epsilon)
        self.fi = nn.Linear(hidden, inner)
        self.fo = nn.Linear(inner, hidden)
        self.oln = nn.LayerNorm(hidden, epsilon)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Hidden states of the next layer; `bias` shuts out padding."""
        rows, length, hidden = x.shape
        q, k, v = (
            part(x).view(rows, length, self.heads, hidden // self.heads).transpose(1, 2)
            for part in (self.q, self.k, self.v)
        )
        # Written out: the fused kernel's way back takes twice as long on a processor.
        weight = torch.matmul(q * (hidden // self.heads) ** -0.5, k.transpose(2, 3))
        weight = torch.softmax(weight + bias.to(weight.dtype), dim=-1).to(v.dtype)
        seen = torch.matmul(weight, v).transpose(1, 2).reshape(rows, length, hidden)
        x = self.aln(x + self.ao(seen))
        made: torch.Tensor = self.oln(x + self.drop(self.fo(functional.gelu(self.fi(x)))))
        return made


class Encoder(nn.Module):
    """From token ids to one row of logits a text. Word embeddings stay as they are."""

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, shape: Shape, plan: Plan, words: torch.Tensor) -> None:
        super().__init__()
        self.shape, self.plan = shape, plan
        self.words = nn.Embedding(words.shape[0], words.shape[1], _weight=words, _freeze=True)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.layers = nn.ModuleList(
            Layer(shape.hidden, shape.heads, shape.inner, shape.epsilon) for _ in plan.layers
        )
        self.drop = nn.Dropout(DROPOUT)
        self.heads = nn.Linear(shape.hidden, OUTPUTS)
        # What all texts share is far larger than what sets them apart; heads see the difference.
        self.register_buffer("centre", torch.zeros(shape.hidden))
        self.register_buffer("spread", torch.ones(shape.hidden))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits: `ATTACK`, `HARM`, then the kinds."""
        apart = (self.pooled(ids, mask) - self.centre) / self.spread
        with torch.autocast(ids.device.type, enabled=False):
            logits: torch.Tensor = self.heads(self.drop(apart))
        return logits

    def look(self, pooled: torch.Tensor) -> None:
        """Takes the centre and the spread from the means of some texts."""
        self.centre.copy_(pooled.mean(0))
        self.spread.copy_(pooled.std(0).clamp(min=1e-3))

    def pooled(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The mean of the last hidden states."""
        at = torch.arange(ids.shape[1], device=ids.device)
        x: torch.Tensor = self.drop(self.norm(self.words(ids) + self.positions(at)))
        bias = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        weight = mask[:, :, None]
        return (x.float() * weight).sum(1) / weight.sum(1).clamp(min=1.0)


def build(base: Base, words: Words, layers: int) -> Encoder:
    """An encoder with the weights of the base and untrained heads."""
    plan = Plan.of(base.shape, layers)
    made = Encoder(base.shape, plan, torch.from_numpy(words.dense()))
    state = made.state_dict()
    tensors = base.tensors
    # There is one type of segment only; its embedding is added to every position.
    kind = tensors["emb.type"][: base.shape.hidden]
    state["positions.weight"] = torch.from_numpy(
        tensors["emb.pos"].reshape(-1, base.shape.hidden) + kind
    )
    state["norm.weight"] = torch.from_numpy(tensors["emb.ln.w"])
    state["norm.bias"] = torch.from_numpy(tensors["emb.ln.b"])
    for new, old in enumerate(plan.layers):
        for part in ("q", "k", "v", "ao", "aln", "fi", "fo", "oln"):
            for suffix, name in (("w", "weight"), ("b", "bias")):
                key = f"layers.{new}.{part}.{name}"
                given = torch.from_numpy(tensors[f"l{old}.{part}.{suffix}"])
                state[key] = given.reshape(state[key].shape).clone()
    nn.init.normal_(state["heads.weight"], std=0.02)
    nn.init.zeros_(state["heads.bias"])
    made.load_state_dict(state)
    return made


def arrays(model: Encoder) -> dict[str, NDArray[Any]]:
    """The weights for export; centre and spread go into the heads."""
    state = {name: part.cpu().numpy() for name, part in model.state_dict().items()}
    weight = state["heads.weight"] / state.pop("spread")
    state["heads.bias"] = state["heads.bias"] - weight @ state.pop("centre")
    state["heads.weight"] = weight
    return state


def peaks(model: Encoder, read: Callable[[], object]) -> dict[str, NDArray[Any]]:
    """The largest input of each channel of each product in the layers while `read` runs."""
    found: dict[str, torch.Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        def look(_: nn.Module, given: tuple[torch.Tensor], __: torch.Tensor) -> None:
            most = given[0].detach().float().abs().flatten(0, -2).amax(0)
            found[name] = torch.maximum(found[name], most) if name in found else most

        return look

    watched = [
        getattr(layer, part).register_forward_hook(watch(f"layers.{at}.{part}"))
        for at, layer in enumerate(model.layers)
        for part in ("q", "ao", "fi", "fo")
    ]
    read()
    for hook in watched:
        hook.remove()
    return {name: most.cpu().numpy() for name, most in found.items()}


def pad(rows: list[list[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids as one matrix, and where they hold something."""
    length = max(map(len, rows))
    ids = torch.tensor([row + [pad_id] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in rows])
    return ids, mask


def seed(number: int) -> None:
    """Makes the untrained heads the same each time."""
    torch.manual_seed(number)


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision(where: torch.device, *, off: bool = False) -> torch.autocast:
    """Mixed precision where the processor multiplies 16-bit numbers natively; else nothing."""
    able = where.type == "cuda" or (
        torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001 - there is no public way to ask
    )
    return torch.autocast(where.type, torch.bfloat16, enabled=able and not off)
