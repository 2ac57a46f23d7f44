"""A run made of the shipped file, so that training can go on where no other run is at hand.

The layers come back as the 8 bits have them. Centre and spread, which the file has folded into the
heads, are taken anew from texts, and the heads turned so that they say the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from training.encoder.base import Base
    from training.encoder.network import Encoder

    Arrays = dict[str, NDArray[Any]]

PARTS = ("qkv", "ao", "fi", "fo")
ROW = re.compile(
    r"^\| (?P<source>\S+) \| (?P<licence>.+) \| (?P<attacks>\d+) \| (?P<benign>\d+) \|$"
)


def state(raw: bytes) -> Arrays:
    """The weights in the file, named as the network names them; `positions` are those it has."""
    import onnx  # noqa: PLC0415 - tier 1 is trained without it
    from onnx import numpy_helper  # noqa: PLC0415 - tier 1 is trained without it

    graph = onnx.load_from_string(raw).graph
    held = {part.name: numpy_helper.to_array(part) for part in graph.initializer}
    norms = [node for node in graph.node if node.op_type == "LayerNormalization"]
    (heads,) = (node for node in graph.node if node.op_type == "Gemm")
    (first,) = (node for node in graph.node if node.op_type == "Slice")
    found: Arrays = {
        "positions": held[first.input[0]],
        "heads.weight": held[heads.input[1]].T,
        "heads.bias": held[heads.input[2]],
    }
    names = ["norm"]
    names += [f"layers.{at}.{part}" for at in range(len(norms) // 2) for part in ("aln", "oln")]
    for name, node in zip(names, norms, strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = (held[part] for part in node.input[1:3])
    for at, (weight, bias) in enumerate(_products(graph, held)):
        layer, part = divmod(at, len(PARTS))
        rows = len(weight) // len(PARTS[part]) if PARTS[part] == "qkv" else len(weight)
        for place, name in enumerate("qkv" if PARTS[part] == "qkv" else (PARTS[part],)):
            some = slice(place * rows, (place + 1) * rows)
            found[f"layers.{layer}.{name}.weight"] = weight[some]
            found[f"layers.{layer}.{name}.bias"] = bias[some]
    return found


def _products(graph: Any, held: Arrays) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - onnx has no types
    """Weights and biases of the products in 8 bits, in their order (`export._dense`)."""
    makers = {name: node for node in graph.node for name in node.output}
    users = {name: node for node in graph.node for name in node.input}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        smoothed = makers[makers[node.input[0]].input[0]]
        cast = users[node.output[0]]
        product = users[cast.output[0]]
        step = makers[product.input[1]]
        weight = held[node.input[1]].T * held[step.input[1]][:, None] * held[smoothed.input[1]]
        yield weight.astype(np.float32), held[users[product.output[0]].input[1]]


def places(base: Base, pieces: list[str]) -> list[int]:
    """Where the pieces of a small tokenizer stand in the base."""
    at = {piece: place for place, piece in enumerate(base.pieces)}
    return [at[piece] for piece in pieces]


def load(model: Encoder, found: Arrays) -> None:
    """Puts the weights of the file into the network; places it has no position for stay."""
    import torch  # noqa: PLC0415 - tier 1 is trained without it

    whole = model.state_dict()
    positions = found.pop("positions")
    whole["positions.weight"][: len(positions)] = torch.from_numpy(positions.copy())
    whole |= {name: torch.from_numpy(part.copy()) for name, part in found.items()}
    model.load_state_dict(whole)


def centre(model: Encoder, rows: list[list[int]]) -> None:
    """Sets centre and spread to those of some rows; the heads say what they said before."""
    import torch  # noqa: PLC0415 - tier 1 is trained without it

    from training.encoder import network, vocabulary  # noqa: PLC0415 - torch takes seconds to load

    model.eval()
    with torch.no_grad():
        means = [model.pooled(*network.pad([row], vocabulary.PAD)) for row in rows]
        model.look(torch.cat(means))
        model.heads.bias += model.heads.weight @ model.centre
        model.heads.weight *= model.spread


def learnt(card: str) -> dict[str, dict[str, object]]:
    """What the card in words says the file has learnt from, as `lineage` keeps it.

    Which texts of a source they were is not known any more, only how many.
    """
    found: dict[str, dict[str, object]] = {}
    for row in filter(None, map(ROW.match, card.splitlines())):
        for side, attack in (("attacks", True), ("benign", False)):
            found[f"{row['source']}:{side}"] = {
                "source": row["source"],
                "licence": row["licence"],
                "attack": attack,
                "count": int(row[side]),
            }
    return found
