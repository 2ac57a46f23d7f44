"""A tiny encoder with random weights, written as the real one is and run by the real runtime."""

from __future__ import annotations

import math
import random
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from aidefence.adapters.encoder import (
    EncoderLimits,
    OnnxEncoder,
    sentence_spans,
    windows,
)
from aidefence.domain.errors import MissingExtraError, ModelError

HIDDEN, LAYERS, OUTPUTS = 32, 2, 9
LETTERS = "abcdefghijklmnopqrstuvwxyz.!?,"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnxruntime", "tokenizers", "onnx"):
        pytest.importorskip(name)
    base, export, vocabulary = (
        import_module(f"training.encoder.{name}") for name in ("base", "export", "vocabulary")
    )
    path = tmp_path_factory.mktemp("encoder")
    pieces = [*vocabulary.SPECIALS, vocabulary.SPACE, *LETTERS, vocabulary.SPACE + "ignore"]
    vocabulary.tokenizer(pieces, [-1.0] * len(pieces)).save(str(path / "tokenizer.json"))
    dice = np.random.default_rng(5)
    shape = base.Shape(HIDDEN, LAYERS, 4, 64, len(pieces), 128, 1e-12)
    words = base.Words(
        dice.integers(0, 256, (len(pieces), HIDDEN // 2), np.uint8),
        np.full((len(pieces), 1), 0.1, np.float16),
    )
    for name, peaks in (("exact", None), ("eight", _peaks())):
        export.write(path / f"{name}.onnx", _state(), words, shape, peaks)
    return path


def _state() -> dict[str, np.ndarray]:
    dice = np.random.default_rng(6)
    state = {"positions.weight": dice.normal(0, 0.1, (128, HIDDEN))}
    sizes = {"q": (32, 32), "k": (32, 32), "v": (32, 32), "ao": (32, 32), "fi": (64, 32)}
    sizes["fo"] = (32, 64)
    for layer in range(LAYERS):
        for name, size in sizes.items():
            state[f"layers.{layer}.{name}.weight"] = dice.normal(0, 0.3, size)
            state[f"layers.{layer}.{name}.bias"] = dice.normal(0, 0.1, size[0])
        for name in ("aln", "oln"):
            state[f"layers.{layer}.{name}.weight"] = np.ones(HIDDEN)
            state[f"layers.{layer}.{name}.bias"] = np.zeros(HIDDEN)
    state |= {"norm.weight": np.ones(HIDDEN), "norm.bias": np.zeros(HIDDEN)}
    state |= {"heads.weight": dice.normal(0, 1, (OUTPUTS, HIDDEN)), "heads.bias": np.zeros(OUTPUTS)}
    return {name: value.astype(np.float32) for name, value in state.items()}


def _peaks() -> dict[str, np.ndarray]:
    sizes = {"q": 32, "ao": 32, "fi": 32, "fo": 64}
    return {
        f"layers.{layer}.{name}": np.ones(size, np.float32)
        for layer in range(LAYERS)
        for name, size in sizes.items()
    }


def _encoder(folder: Path, name: str = "exact", limits: EncoderLimits | None = None) -> OnnxEncoder:
    return OnnxEncoder(folder / f"{name}.onnx", folder / "tokenizer.json", limits=limits)


def test_padding_changes_nothing(folder: Path) -> None:
    encoder = _encoder(folder)
    rows = [[0, *range(5, 5 + length), 2] for length in (3, 20, 9)]
    together = encoder.logits(rows)
    alone = np.concatenate([encoder.logits([row]) for row in rows])
    assert np.allclose(together, alone, atol=1e-4)


def test_eight_bits_say_nearly_the_same(folder: Path) -> None:
    dice = random.Random(1)
    rows = [[0, *(dice.randrange(4, 34) for _ in range(20)), 2] for _ in range(40)]
    exact, eight = (_encoder(folder, name).logits(rows) for name in ("exact", "eight"))
    assert np.corrcoef(exact[:, 0], eight[:, 0])[0, 1] > 0.99


def test_a_long_text_is_as_bad_as_its_worst_window(folder: Path) -> None:
    encoder = _encoder(folder)
    text = "".join(random.Random(3).choices(LETTERS[:26] + "    ", k=1500))
    reading = encoder.read(text, sentences=False)
    assert reading.runs > 5
    assert not reading.cut_short
    part = encoder.read(text[reading.start : reading.end], sentences=False)
    assert part.attack_logit == pytest.approx(reading.attack_logit, abs=0.5)
    assert reading.attack == pytest.approx(1 / (1 + math.exp(-reading.attack_logit)))


def test_sentences_are_read_on_their_own(folder: Path) -> None:
    encoder = _encoder(folder)
    text = "the cat sat there. the dog ran away! where is it now?"
    reading = encoder.read(text)
    assert reading.runs == 4
    assert reading.attack_logit == max(reading.window_logit, reading.sentence_logit)
    assert encoder.read(text, sentences=False).runs == 1


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ud800", "\x00\u200b", "\U0001f600" * 300, "a" * 5000, ".!?" * 900, "\n" * 999],
)
def test_no_text_makes_it_raise(folder: Path, text: str) -> None:
    reading = _encoder(folder, "eight").read(text)
    assert math.isfinite(reading.attack_logit)
    assert 0 <= reading.start <= reading.end <= len(text)
    assert len(reading.kind_logits) == OUTPUTS - 2


def test_what_was_not_read_is_said(folder: Path) -> None:
    encoder = _encoder(folder, limits=EncoderLimits(windows_max=2))
    assert not encoder.read("a" * 200).cut_short
    assert encoder.read("a" * 2000).cut_short
    assert _encoder(folder, limits=EncoderLimits(characters_max=9)).read("a" * 10).cut_short


def test_after_the_deadline_no_further_rows_are_begun(folder: Path) -> None:
    encoder = _encoder(folder, limits=EncoderLimits(rows_max=2))
    text = "the cat sat there. the dog ran away! " * 40
    whole = encoder.read(text)
    late = encoder.read(text, deadline_ns=1)
    assert late.runs == 2 < whole.runs
    assert late.cut_short
    assert not whole.cut_short
    # The rows that were read are windows: sentences come after them.
    assert late.sentence_logit == late.window_logit
    assert encoder.read(text, deadline_ns=1 << 62) == whole


def test_the_repr_hides_what_was_read(folder: Path) -> None:
    assert "secret" not in repr(_encoder(folder).read("my secret"))


def test_broken_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx"):
        OnnxEncoder(tmp_path / "none.onnx", folder / "tokenizer.json")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx"):
        OnnxEncoder(broken, folder / "tokenizer.json")


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"aidefence\[deep\]"):
        OnnxEncoder(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("length", [0, 1, 126, 127, 222, 223, 1000, 12_000, 12_097, 50_000])
def test_windows_cover_the_text_or_say_so(length: int) -> None:
    limits = EncoderLimits()
    spans, cut_short = windows(length, limits)
    assert 1 <= len(spans) <= limits.windows_max
    covered = set().union(*(range(start, end) for start, end in spans))
    assert (covered == set(range(length))) is not cut_short
    assert all(end - start <= limits.window_tokens for start, end in spans)


def test_many_sentences_are_joined_and_none_is_lost() -> None:
    text = "one two three four five six seven. " * 200
    offsets = [(at, at + 1) for at in range(len(text))]
    limits = EncoderLimits(window_tokens=10_000)
    spans = sentence_spans(text, offsets, limits)
    assert 1 < len(spans) <= limits.sentences_max + 1
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(left[1] == right[0] for left, right in pairwise(spans))
    assert sentence_spans("only one sentence", offsets[:17], limits) == []
