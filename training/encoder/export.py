"""Writes the encoder as one ONNX file: 8-bit layers, 4-bit word embeddings, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from training.encoder.base import BLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from training.encoder.base import Shape, Words

    Arrays = dict[str, NDArray[Any]]

OPSET = 20
CONTRIB = 1
POSITIONS = 128
# Seven bits: sums of eight-bit products overflow 16 bits on processors without VNNI.
LEVELS = 63
# How much of what a channel of the inputs has in excess is moved into the weights: one step for
# all inputs of a product is then fine enough for the quiet channels too.
SMOOTHING = 0.85


@dataclass(slots=True)
class Graph:
    """Nodes and constants while they are put together. Attributes are what the library takes."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        """A node; gives the name of what comes out."""
        return self.several(kind, *inputs, outputs=1, **attributes)[0]

    def several(self, kind: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:  # noqa: ANN401
        """A node out of which several things come; gives their names."""
        from onnx import helper  # noqa: PLC0415 - tier 1 is trained without it

        names = [f"{kind}_{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def constant(self, value: ArrayLike, kind: DTypeLike) -> str:
        """A constant; gives its name."""
        from onnx import numpy_helper  # noqa: PLC0415 - tier 1 is trained without it

        name = f"c{len(self.constants)}"
        array = np.ascontiguousarray(np.asarray(value, kind))
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def write(path: Path, state: Arrays, words: Words, shape: Shape, peaks: Arrays | None) -> None:
    """The file: in go `ids` and `mask`, out comes `logits`.

    `peaks` holds the largest input of each channel of each product, by name (`network.peaks`);
    without it the products stay in 32 bits.
    Large inputs are divided by their channel and the weights multiplied: Xiao et al.,
    “SmoothQuant: Accurate and Efficient Post-Training Quantization for LLMs” (2023).
    """
    import onnx  # noqa: PLC0415 - tier 1 is trained without it
    from onnx import TensorProto, helper  # noqa: PLC0415

    graph = Graph()
    x = _embed(graph, state, words, shape)
    bias = _bias(graph)
    layer = 0
    while f"layers.{layer}.q.weight" in state:
        x = _layer(graph, _part(state, layer), _part(peaks or {}, layer), x, bias, shape)
        layer += 1
    pooled = _pool(graph, x)
    heads = graph.add(
        "Gemm",
        pooled,
        graph.constant(state["heads.weight"].T, np.float32),
        graph.constant(state["heads.bias"], np.float32),
    )
    graph.nodes.append(helper.make_node("Identity", [heads], ["logits"]))
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [
                helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "length"]),
                helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["rows", "length"]),
            ],
            [
                helper.make_tensor_value_info(
                    "logits", TensorProto.FLOAT, ["rows", len(state["heads.bias"])]
                )
            ],
            graph.constants,
        ),
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("com.microsoft", CONTRIB),
        ],
        ir_version=10,
        producer_name="aidefence",
    )
    onnx.save_model(made, str(path))


def _embed(graph: Graph, state: Arrays, words: Words, shape: Shape) -> str:
    blocks = shape.hidden // BLOCK
    split = graph.constant([0, 0, blocks, BLOCK // 2], np.int64)
    packed = graph.add("Gather", graph.constant(words.packed, np.uint8), "ids", axis=0)
    packed = graph.add("Reshape", packed, split)
    low = graph.add("BitwiseAnd", packed, graph.constant(15, np.uint8))
    high = graph.add("BitShift", packed, graph.constant(4, np.uint8), direction="RIGHT")
    codes = graph.add("Cast", graph.add("Concat", low, high, axis=3), to=1)
    codes = graph.add("Sub", codes, graph.constant(8.0, np.float32))
    scale = graph.add("Gather", graph.constant(words.scale, np.float16), "ids", axis=0)
    scale = graph.add("Cast", scale, to=1)
    scale = graph.add("Unsqueeze", scale, graph.constant([3], np.int64))
    word = graph.add("Mul", codes, scale)
    word = graph.add("Reshape", word, graph.constant([0, 0, shape.hidden], np.int64))
    length = graph.add("Shape", "ids", start=1, end=2)
    table = graph.constant(state["positions.weight"][:POSITIONS], np.float32)
    zero, axis = graph.constant([0], np.int64), graph.constant([0], np.int64)
    positions = graph.add("Slice", table, zero, length, axis)
    return _norm(graph, graph.add("Add", word, positions), state, "norm", shape.epsilon)


def _bias(graph: Graph) -> str:
    shut = graph.add("Sub", "mask", graph.constant(1.0, np.float32))
    shut = graph.add("Mul", shut, graph.constant(1e4, np.float32))
    return str(graph.add("Unsqueeze", shut, graph.constant([1, 2], np.int64)))


def _part(arrays: Arrays, layer: int) -> Arrays:
    prefix = f"layers.{layer}."
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }


def _layer(graph: Graph, part: Arrays, peaks: Arrays, x: str, bias: str, shape: Shape) -> str:
    merged = np.concatenate([part[f"{name}.weight"] for name in "qkv"])
    offset = np.concatenate([part[f"{name}.bias"] for name in "qkv"])
    joint = _dense(graph, x, merged, offset, peaks.get("q"))
    heads = [
        _heads(graph, side, shape)
        for side in graph.several("Split", joint, outputs=3, axis=2, num_outputs=3)
    ]
    q, k, v = heads
    k = graph.add("Transpose", k, perm=[0, 1, 3, 2])
    q = graph.add("Mul", q, graph.constant((shape.hidden / shape.heads) ** -0.5, np.float32))
    weight = graph.add("Softmax", graph.add("Add", graph.add("MatMul", q, k), bias), axis=-1)
    seen = graph.add("Transpose", graph.add("MatMul", weight, v), perm=[0, 2, 1, 3])
    seen = graph.add("Reshape", seen, graph.constant([0, 0, shape.hidden], np.int64))
    seen = _dense(graph, seen, part["ao.weight"], part["ao.bias"], peaks.get("ao"))
    x = _norm(graph, graph.add("Add", x, seen), part, "aln", shape.epsilon)
    inner = _dense(graph, x, part["fi.weight"], part["fi.bias"], peaks.get("fi"))
    inner = graph.add("Gelu", inner)
    inner = _dense(graph, inner, part["fo.weight"], part["fo.bias"], peaks.get("fo"))
    return _norm(graph, graph.add("Add", x, inner), part, "oln", shape.epsilon)


def _heads(graph: Graph, x: str, shape: Shape) -> str:
    split = graph.constant([0, 0, shape.heads, shape.hidden // shape.heads], np.int64)
    return str(graph.add("Transpose", graph.add("Reshape", x, split), perm=[0, 2, 1, 3]))


def _dense(
    graph: Graph, x: str, weight: NDArray[Any], bias: NDArray[Any], peaks: NDArray[Any] | None
) -> str:
    offset = graph.constant(bias, np.float32)
    if peaks is None:
        product = graph.add("MatMul", x, graph.constant(weight.T, np.float32))
        return str(graph.add("Add", product, offset))
    part = _smoothing(weight, peaks)
    weight = weight * part
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / LEVELS
    codes = np.rint(weight / scale[:, None]).astype(np.int8).T
    x = graph.add("Mul", x, graph.constant(1 / part, np.float32))
    rounded, step, zero = graph.several("DynamicQuantizeLinear", x, outputs=3)
    flat = graph.constant(np.zeros(len(scale)), np.int8)
    product = graph.add("MatMulInteger", rounded, graph.constant(codes, np.int8), zero, flat)
    step = graph.add("Mul", step, graph.constant(scale, np.float32))
    product = graph.add("Mul", graph.add("Cast", product, to=1), step)
    return str(graph.add("Add", product, offset))


def _smoothing(weight: NDArray[Any], peaks: NDArray[Any]) -> NDArray[Any]:
    """What each channel of the inputs is divided by; the geometric mean is 1."""
    heavy = np.maximum(np.abs(weight).max(axis=0), 1e-4)
    part = np.maximum(peaks, 1e-4) ** SMOOTHING / heavy ** (1 - SMOOTHING)
    return np.asarray(part / np.exp(np.log(part).mean()))


def _norm(graph: Graph, x: str, state: Arrays, name: str, epsilon: float) -> str:
    return str(
        graph.add(
            "LayerNormalization",
            x,
            graph.constant(state[f"{name}.weight"], np.float32),
            graph.constant(state[f"{name}.bias"], np.float32),
            axis=-1,
            epsilon=epsilon,
        )
    )


def _pool(graph: Graph, x: str) -> str:
    weight = graph.add("Unsqueeze", "mask", graph.constant([2], np.int64))
    axis = graph.constant([1], np.int64)
    total = graph.add("ReduceSum", graph.add("Mul", x, weight), axis, keepdims=0)
    count = graph.add("ReduceSum", weight, axis, keepdims=0)
    return str(graph.add("Div", total, count))
