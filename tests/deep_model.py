"""A deep model small enough to be written in a test: real files, run by the real runtime.

Each word of its vocabulary adds a fixed number to the logits, so that a test can say what it wants.
"""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from aidefence import Category
from aidefence.knowledge import models

KINDS = [category.value for category in list(Category)[:7]]
OUTPUTS = 2 + len(KINDS)
# What a word adds: to attack, to harm, to the kind at a place.
WORDS: dict[str, tuple[float, float, int]] = {
    "alarm": (12.0, 0.0, 2),
    "whisper": (1.0, 0.0, 3),
    "calm": (-12.0, 0.0, 0),
    "poison": (0.0, 12.0, 0),
    "broken": (float("nan"), 0.0, 0),
}
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]


def write(folder: Path, **changes: Any) -> Path:
    """Write model, tokenizer and card; `changes` replace keys of the card. Gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_model(folder / "tier3.onnx")
    _write_tokenizer(folder / "tier3.tokenizer.json")
    card = {**card_of(folder), **changes}
    (folder / "tier3.json").write_text(json.dumps(card), "utf-8")
    return folder


def card_of(folder: Path) -> dict[str, Any]:
    """A card under which the confidence is the sigmoid of the attack logit."""
    tier1 = models.load()
    assert tier1 is not None
    return {
        "format": 1,
        "name": "tiny",
        "sha256": _digest(folder / "tier3.onnx"),
        "tokenizer_sha256": _digest(folder / "tier3.tokenizer.json"),
        "tier1_sha256": hashlib.sha256(tier1.data).hexdigest(),
        "band": [0.0, 1.0],
        "fusion": {"bias": 0.0, "weights": {"attack": 1.0}},
        "calibration": {"slope": 1.0, "intercept": 0.0},
        "harm": {"slope": 1.0, "intercept": -3.0},
        "kinds": KINDS,
        "thresholds": {"fpr_5": tier1.fpr_5, "fpr_1": tier1.fpr_1, "fpr_02": tier1.fpr_02},
        "limits": {"milliseconds_max": 20_000},
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_tokenizer(path: Path) -> None:
    tokenizers = import_module("tokenizers")
    vocabulary = {name: at for at, name in enumerate([*SPECIALS, *WORDS])}
    model = tokenizers.models.WordLevel(vocabulary, unk_token="<unk>")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def _write_model(path: Path) -> None:
    onnx = import_module("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    table = np.zeros((len(SPECIALS) + len(WORDS), OUTPUTS), np.float32)
    for row, (attack, harm, kind) in zip(table[len(SPECIALS) :], WORDS.values(), strict=True):
        row[0], row[1], row[2 + kind] = attack, harm, abs(attack)
    constants = [
        onnx.numpy_helper.from_array(table, "table"),
        onnx.numpy_helper.from_array(np.array([2], np.int64), "last"),
        onnx.numpy_helper.from_array(np.array([1], np.int64), "middle"),
    ]
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["each"], axis=0),
        helper.make_node("Unsqueeze", ["mask", "last"], ["shown"]),
        helper.make_node("Mul", ["each", "shown"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("ids", kinds.INT64, ["rows", "length"]),
            helper.make_tensor_value_info("mask", kinds.FLOAT, ["rows", "length"]),
        ],
        [helper.make_tensor_value_info("logits", kinds.FLOAT, ["rows", OUTPUTS])],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save_model(made, str(path))
