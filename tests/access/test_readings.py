"""What the deep model said of a text is said again, and changes no verdict."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests import deep_model

from aidefence import Guard
from aidefence.adapters.readings import ENTRY_BYTES, RememberingEncoder
from aidefence.app.setup import make_setup
from aidefence.domain.enums import DeepMode, Direction, Origin
from aidefence.domain.reading import EncoderReading
from aidefence.ports.encoder import Encoder


class _Counting:
    """Passes on to a real encoder, and counts."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.texts: list[str] = []

    def read(self, text: str, *, deadline_ns: int | None = None) -> EncoderReading:
        self.texts.append(text)
        return self.encoder.read(text, deadline_ns=deadline_ns)

    def warm(self) -> None:
        self.encoder.warm()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(name)
    return deep_model.write(tmp_path_factory.mktemp("deep"))


@pytest.fixture
def counting(folder: Path) -> _Counting:
    from aidefence.adapters.encoder import OnnxEncoder  # noqa: PLC0415
    from aidefence.knowledge import deep  # noqa: PLC0415

    card = deep.load(folder)
    assert card is not None
    return _Counting(OnnxEncoder(card.model, card.tokenizer, limits=card.limits))


def test_a_text_is_read_once(counting: _Counting) -> None:
    encoder = RememberingEncoder(counting, 1 << 20)
    texts = ["a quiet alarm", "calm", "\ud800 alarm", "a quiet alarm "]
    first = [encoder.read(text) for text in texts]
    assert [encoder.read(text) for text in texts] == first
    assert counting.texts == texts


def test_what_was_not_asked_for_longest_makes_room(counting: _Counting) -> None:
    encoder = RememberingEncoder(counting, 3 * ENTRY_BYTES)
    for text in ("a", "b", "c", "a", "d", "a", "c", "b"):
        encoder.read(text)
    assert counting.texts == ["a", "b", "c", "d", "b"]
    assert len(encoder._kept) == 3


def test_a_reading_that_was_cut_short_is_not_kept(counting: _Counting) -> None:
    encoder = RememberingEncoder(counting, 1 << 20)
    long = "alarm " * 2000
    assert encoder.read(long, deadline_ns=1).cut_short
    assert not encoder.read(long).cut_short
    assert encoder.read(long) == encoder.read(long, deadline_ns=1)
    assert len(counting.texts) == 2


def test_threads_get_the_same_reading(counting: _Counting) -> None:
    encoder = RememberingEncoder(counting, 40 * ENTRY_BYTES)
    expected = {f"alarm {at % 50}": counting.read(f"alarm {at % 50}") for at in range(50)}
    wrong: list[str] = []

    def ask() -> None:
        for text, reading in expected.items():
            if encoder.read(text) != reading:
                wrong.append(text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_verdict_changes_by_what_is_remembered(folder: Path) -> None:
    options = {"deep": DeepMode.REQUIRED, "deep_dir": folder}
    plain = Guard.of(make_setup(**options))  # type: ignore[arg-type]
    strict = Guard.of(make_setup(**options, profile="strict", deep_cache_bytes=1 << 20))  # type: ignore[arg-type]
    remembering = Guard.of(make_setup(**options, deep_cache_bytes=1 << 20))  # type: ignore[arg-type]
    for text in ("a quiet alarm", "calm whisper", "poison", "broken", "nothing of the sort"):
        for origin in (Origin.USER, Origin.RETRIEVAL):
            for direction in Direction:
                asked = {"origin": origin, "direction": direction}
                first = remembering.inspect(text, **asked)  # type: ignore[arg-type]
                again = remembering.inspect(text, **asked)  # type: ignore[arg-type]
                assert plain.inspect(text, **asked) == first == again  # type: ignore[arg-type]
        assert strict.inspect(text).policy_version != remembering.inspect(text).policy_version
    texts = ["a quiet alarm", "calm whisper", "a quiet alarm"] * 3
    assert list(plain.inspect_batch(texts)) == list(remembering.inspect_batch(texts))
