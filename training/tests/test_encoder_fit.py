# ruff: noqa: D103 - the name of a test says what it shows
"""A tiny encoder is trained, broken off, taken up again, and written as ONNX."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from training.tests.test_encoder import example

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from training.encoder import (  # noqa: E402
    base,
    export,
    fit,
    label,
    lineage,
    network,
    score,
    texts,
    unpack,
    vocabulary,
)
from training.encoder.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from training.encoder.texts import Example

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SETTINGS = Settings(layers=2, epochs=2, drawn=60, guarded=0, rows=8, rate=1e-3)


def source() -> base.Base:
    dice = np.random.default_rng(4)
    pieces = [*vocabulary.SPECIALS, vocabulary.SPACE, *LETTERS]
    shape = base.Shape(32, 4, 4, 64, len(pieces), 140, 1e-12)
    sizes = {"emb.pos": (140, 32), "emb.type": (2, 32), "emb.ln.w": (32,), "emb.ln.b": (32,)}
    for layer in range(4):
        for name, size in {"q": (32, 32), "k": (32, 32), "v": (32, 32), "ao": (32, 32)}.items():
            sizes |= {f"l{layer}.{name}.w": size, f"l{layer}.{name}.b": size[:1]}
        sizes |= {f"l{layer}.fi.w": (64, 32), f"l{layer}.fi.b": (64,)}
        sizes |= {f"l{layer}.fo.w": (32, 64), f"l{layer}.fo.b": (32,)}
        sizes |= {f"l{layer}.{n}.{p}": (32,) for n in ("aln", "oln") for p in "wb"}
    tensors = {
        name: dice.normal(1.0 if name.endswith("ln.w") else 0.0, 0.1, size)
        .astype(np.float32)
        .reshape(-1)
        for name, size in sizes.items()
    }
    words = base.Words(
        dice.integers(0, 256, (len(pieces), 16), np.uint8),
        np.full((len(pieces), 1), 0.1, np.float16),
    )
    scores = np.full(len(pieces), -1.0, np.float32)
    return base.Base(shape, pieces, scores, vocabulary.UNKNOWN, words, tensors)


def examples() -> list[Example]:
    pairs = [
        example(n, attack=attack, source="corpus_x", pair=f"p{n}")
        for n in range(20)
        for attack in (True, False)
    ]
    return [*pairs, *(example(n, source="advbench", harm=True) for n in range(10))]


def run(out: Path) -> dict[str, Any]:
    given = source()
    tokenizer = vocabulary.tokenizer(given.pieces, given.scores.tolist())
    network.seed(1)
    model = network.build(given, given.words, SETTINGS.layers)
    out.mkdir(exist_ok=True)
    fit.run(model, tokenizer, examples, SETTINGS, out, threads=1)
    return dict(torch.load(out / "model.pt", weights_only=True)["model"])


def test_a_run_broken_off_ends_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "SAVE_EVERY", 2)
    whole = run(tmp_path / "whole")
    real, steps = fit._step, iter(range(5))  # noqa: SLF001 - the only place to pull the plug

    def failing(*given: Any) -> dict[str, float]:  # noqa: ANN401
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(fit, "_step", failing)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken")
    monkeypatch.setattr(fit, "_step", real)
    broken = run(tmp_path / "broken")
    assert whole.keys() == broken.keys()
    assert all(torch.equal(whole[name], broken[name]) for name in whole)


def test_other_settings_do_not_go_on_with_a_run(tmp_path: Path) -> None:
    run(tmp_path)
    given = source()
    tokenizer = vocabulary.tokenizer(given.pieces, given.scores.tolist())
    model = network.build(given, given.words, 2)
    with pytest.raises(SystemExit, match="other settings"):
        fit.run(model, tokenizer, examples, Settings(layers=2), tmp_path, threads=1)


def test_harm_records_teach_the_harm_head_only() -> None:
    (batch,) = fit.batches.make(
        fit.windows.tokenize(
            vocabulary.tokenizer(source().pieces, source().scores.tolist()),
            [example(n, harm=True) for n in range(3)],
        ),
        8,
        "seed",
    )
    logits = torch.zeros(3, network.OUTPUTS, requires_grad=True)
    torch.stack(list(fit.losses(logits, batch, SETTINGS).values())).sum().backward()
    taught = logits.grad.abs().sum(0) > 0
    assert taught.tolist() == [at == network.HARM for at in range(network.OUTPUTS)]


def test_fewer_layers_are_spread_and_end_with_the_last() -> None:
    shape = base.Shape(32, 12, 4, 64, 10, 140, 1e-12)
    assert network.Plan.of(shape, 6).layers == (1, 3, 5, 7, 9, 11)
    assert network.Plan.of(shape, 12).layers == tuple(range(12))


def test_onnx_says_what_the_network_says(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from aidefence.adapters.encoder import OnnxEncoder  # noqa: PLC0415 - optional

    given = source()
    model = network.build(given, given.words, 4).eval()
    tokenizer = vocabulary.tokenizer(given.pieces, given.scores.tolist())
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    model.look(torch.randn(50, 32) * 0.2 + 1)
    state = network.arrays(model)
    export.write(tmp_path / "m.onnx", state, given.words, given.shape, None)
    reader = OnnxEncoder(tmp_path / "m.onnx", tmp_path / "tokenizer.json")
    dice = random.Random(2)
    rows = [[0, *(dice.randrange(4, 40) for _ in range(n)), 2] for n in (1, 30, 126)]
    with torch.inference_mode():
        mine = model(*network.pad(rows, vocabulary.PAD)).numpy()
    assert np.allclose(reader.logits(rows), mine, atol=1e-4)


def test_a_loud_channel_does_not_drown_the_others_in_eight_bits(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from aidefence.adapters.encoder import OnnxEncoder  # noqa: PLC0415 - optional

    given = source()
    model = network.build(given, given.words, 4).eval()
    for layer in model.layers:
        with torch.no_grad():
            layer.aln.weight[3] *= 2000
            layer.fi.weight[:, 3] /= 2000
    tokenizer = vocabulary.tokenizer(given.pieces, given.scores.tolist())
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    dice = random.Random(4)
    rows = [[0, *(dice.randrange(4, 40) for _ in range(25)), 2] for _ in range(40)]

    def read() -> torch.Tensor:
        with torch.inference_mode():
            return model.heads(model.pooled(*network.pad(rows, vocabulary.PAD)))

    mine = read().numpy()
    peaks = network.peaks(model, read)
    assert peaks["layers.0.fi"][3] == max(peaks["layers.0.fi"])
    apart = {}
    flat = {key: np.ones_like(one) for key, one in peaks.items()}
    for name, known in (("seen", peaks), ("flat", flat)):
        export.write(
            tmp_path / f"{name}.onnx", network.arrays(model), given.words, given.shape, known
        )
        reader = OnnxEncoder(tmp_path / f"{name}.onnx", tmp_path / "tokenizer.json")
        apart[name] = float(np.abs(reader.logits(rows) - mine).mean())
    assert apart["seen"] < apart["flat"] / 3


def test_a_file_can_be_trained_on(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    given = source()
    model = network.build(given, given.words, 4).eval()
    model.look(torch.randn(50, 32) * 0.2 + 1)
    rows = [[0, *(at % 36 + 4 for at in range(n)), 2] for n in (3, 30, 90)]

    def read() -> torch.Tensor:
        with torch.inference_mode():
            logits: torch.Tensor = model(*network.pad(rows, vocabulary.PAD))
        return logits

    mine, known = read(), network.peaks(model, read)
    path = tmp_path / "m.onnx"
    export.write(path, network.arrays(model), given.words, given.shape, known)
    model = network.build(given, given.words, 4).eval()
    unpack.load(model, unpack.state(path.read_bytes()))
    unpack.centre(model, rows)
    assert float(model.centre.abs().sum()) > 0
    # Weights of seven bits.
    assert torch.allclose(read(), mine, atol=0.05)


@pytest.mark.parametrize(("drawn", "told"), [(2, 3), (5, 5)])
def test_what_a_file_has_learnt_from_is_counted_once(tmp_path: Path, drawn: int, told: int) -> None:
    card = (
        "| source | licence | attacks | benign |\n|---|---|---|---|\n| corpus_x | MIT | 3 | 0 |\n"
    )
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / lineage.NAME).write_text(json.dumps(unpack.learnt(card)))
    some = [example for example in examples() if example.record.attack][:drawn]
    texts.freeze(tmp_path / "drawn.json", lambda: [some])
    lineage.write(tmp_path, tmp_path / "start")
    (row,) = lineage.read(tmp_path)
    assert (row.source, row.attacks, row.benign) == ("corpus_x", told, 0)


def test_texts_are_scored_by_their_strongest_window() -> None:
    logits = np.arange(5 * network.OUTPUTS, dtype=np.float32).reshape(5, -1)
    logits[:, network.ATTACK] = [1, 9, 2, 5, 3]
    logits[:, network.HARM] = [4, 0, 0, 0, 7]
    found = score.strongest(logits, np.array([0, 0, 0, 1, 1]), 2)
    assert found[:, network.ATTACK].tolist() == [9, 5]
    assert found[:, network.HARM].tolist() == [4, 7]
    assert (found[0, network.KINDS :] == logits[1, network.KINDS :]).all()


def test_labels_are_taken_up_where_they_broke_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = source()
    model = network.build(given, given.words, 2).eval()
    tokenizer = vocabulary.tokenizer(given.pieces, given.scores.tolist())
    records = [e.record for e in examples()]
    monkeypatch.setattr(label, "PART", 16)
    path = tmp_path / "teacher.npz"
    label.write(path, model, tokenizer, records[:20], windows_max=4, name="t")
    first = np.load(path)["logits"]
    label.write(path, model, tokenizer, records, windows_max=4, name="t")
    saved = np.load(path)
    assert saved["ids"].tolist() == [record.id for record in records]
    assert np.array_equal(saved["logits"][:20], first)
