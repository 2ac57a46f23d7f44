# ruff: noqa: D103 - the name of a test says what it shows
"""A tiny dense model is trained, measured and written; the oracle reads the same from the file."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from training.tests.test_encoder import example

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from training.dense import (  # noqa: E402
    embeddings,
    export,
    fit,
    fixture,
    network,
    oracle,
    pieces,
    stretches,
    teacher,
    unpack,
)
from training.dense.settings import Settings  # noqa: E402
from training.dense.store import Store  # noqa: E402
from training.encoder import network as encoder_network  # noqa: E402
from training.encoder import vocabulary  # noqa: E402
from training.tests.test_encoder_fit import source  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from training.encoder.texts import Example

SETTINGS = Settings(
    size=16,
    hidden=16,
    heads=2,
    epochs=6,
    drawn=60,
    spliced=0,
    guarded=0,
    rows=16,
    rate=1e-2,
    lessons=40,
)


def found() -> dict[str, pieces.Piece]:
    names = [pieces.SPACE, *fixture.LETTERS, *(pieces.SPACE + word for word in fixture.WORDS)]
    return {name: pieces.Piece(0.01 if len(name) > 1 else 0.001, [(name, 1.0)]) for name in names}


def model(seed: int = 5) -> network.Dense:
    torch.manual_seed(seed)
    words = torch.randn(len(found()) + 1, SETTINGS.size)
    sizes = network.Sizes(SETTINGS.size, SETTINGS.dilations, SETTINGS.heads, SETTINGS.hidden)
    return network.Dense(sizes, words, 0.1)


def examples() -> list[Example]:
    return [
        example(n, attack=attack, source="corpus_x" if attack else "corpus_y", pair=f"p{n}")
        for n in range(20)
        for attack in (True, False)
    ]


def test_the_oracle_reads_from_the_file_what_the_network_says() -> None:
    made = model()
    raw = export.file(made, found(), {"name": "x"})
    export.round_words(made)
    reader = oracle.Oracle(raw)
    dice = random.Random(8)
    texts = ["".join(dice.choices(fixture.LETTERS + "   ", k=k)) for k in (1, 30, 70, 200, 900)]
    texts += [pieces.SPACE.join(fixture.WORDS) * 9]
    mine = fit.read(made, pieces.tokenizer(found()), texts)
    told = [reader.logits(pieces.prepare(text)) for text in texts]
    theirs = np.stack([row for row in told if row is not None])
    assert np.abs(mine - theirs).max() < 1e-3


def test_a_file_can_be_trained_on() -> None:
    made = model()
    raw = export.file(made, found(), {"name": "x"})
    known, state, sizes = unpack.read(raw)
    assert list(known) == list(found())
    again = network.Dense(network.Sizes(**sizes), state["words.weight"], 0.0)
    again.load_state_dict(state)
    assert export.file(again, known, {"name": "x"}) == raw


@pytest.mark.parametrize("length", [1, 63, 64, 65, 96, 97, 128, 200])
def test_windows_are_as_many_as_the_file_says(length: int) -> None:
    cut, inside = network.windows_of(torch.ones(1, 4, length), torch.ones(1, length))
    assert cut.shape[1] == network.count_of(length) == max(1, -(-length // 32) - 1)
    assert inside[0, :, 0].all()
    assert int(inside[0, -1].sum()) == length - 32 * (cut.shape[1] - 1)


def test_what_stands_beside_a_text_in_a_batch_changes_nothing() -> None:
    made = model().eval()
    short, long = list(range(1, 9)), list(range(1, 40)) * 5
    ids, mask = fit.pad([short, long])
    both = network.strongest(made(ids, mask)[1], [len(short), len(long)])
    alone = network.strongest(made(*fit.pad([short]))[1], [len(short)])
    assert torch.allclose(both[0], alone[0], atol=1e-5)


def test_the_cut_of_a_long_attack_holds_its_focus_and_twins_stay_together() -> None:
    ids = np.arange(1000, dtype=np.int32)
    text = stretches.Text(example(1, attack=True), ids, (700, 720))
    for seed in range(100):
        part = stretches.cut(text, random.Random(seed))
        assert set(range(700, 720)) <= set(part.tolist())
        assert len(part) <= stretches.LONGEST
    pairs = [stretches.Text(it, ids[: 5 + at], None) for at, it in enumerate(examples())]
    batches = stretches.make(pairs, 7, 0.1, "s")
    assert sum(len(batch.pairs) for batch in batches) == 20
    assert sum(len(batch.rows) for batch in batches) == 40


def test_a_run_learns_what_sets_its_texts_apart(tmp_path: Path) -> None:
    made, cut = model(), pieces.tokenizer(found())
    store = Store(tmp_path, cut, examples(), (SETTINGS.spliced, SETTINGS.guarded), 1)
    dice = np.random.default_rng(1)
    lessons = fit.Lessons(
        [dice.integers(1, 9, 12, dtype=np.int32) for _ in range(40)],
        dice.normal(0, 1, (40, encoder_network.OUTPUTS)).astype(np.float32),
        dice.normal(0, 1, (40, 8)).astype(np.float32),
    )
    fit.run(made, store, lessons, SETTINGS, tmp_path)
    told = fit.read(made, cut, [it.record.text for it in examples()])[:, 0]
    attack = np.array([it.record.attack for it in examples()])
    assert told[attack].min() > told[~attack].max()
    assert (tmp_path / "model.pt").exists()


def test_a_run_follows_its_teacher(tmp_path: Path) -> None:
    made, cut = model(), pieces.tokenizer(found())
    texts = [f"please {'read' if n % 2 else 'garden'} {n}" for n in range(40)]
    logits = np.zeros((40, encoder_network.OUTPUTS), np.float32)
    logits[:, 0] = np.where(np.arange(40) % 2, 4.0, -4.0)
    ids = [np.array(row, np.int32) for row in pieces.ids(cut, texts)]
    lessons = fit.Lessons(ids, logits, logits[:, :4])
    settings = Settings(
        size=16, hidden=16, heads=2, epochs=12, rows=8, rate=1e-2, lessons=40, taught_alone=12
    )
    store = Store(tmp_path, cut, examples(), (0, 0), 1)
    fit.run(made, store, lessons, settings, tmp_path)
    told = fit.read(made, cut, texts)[:, 0]
    assert told[1::2].min() > told[::2].max()


def test_a_store_cuts_texts_once(tmp_path: Path) -> None:
    cut = pieces.tokenizer(found())
    first = Store(tmp_path, cut, examples(), (2, 0), 1)
    files = sorted(path.name for path in tmp_path.iterdir())
    again = Store(tmp_path, cut, examples(), (2, 0), 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    left, right = (store.draw(40, (2, 0), "x") for store in (first, again))
    assert [it.ids.tolist() for it in left] == [it.ids.tolist() for it in right]


def test_pieces_and_lessons_go_through_an_encoder(tmp_path: Path) -> None:
    base = source()
    whole = encoder_network.build(base, base.words, 2).eval()
    kept = {
        "a": pieces.Piece(0.1, [("a", 0.1)]),
        "\u2581ab": pieces.Piece(0.1, [("\u2581ab", 1.0)]),
    }
    seen = embeddings.surfaces(whole, base, list(kept.values()))
    assert seen.shape == (2, 32)
    words = embeddings.reduce(np.random.default_rng(0).random((30, 32), np.float32), np.ones(30), 8)
    assert words.shape == (30, 8)
    assert float((words**2).mean()) == pytest.approx(1.0, rel=0.01)
    cut = vocabulary.tokenizer(base.pieces, base.scores.tolist())
    teacher.write(tmp_path / "told", whole, cut, ["abc", "a b c d", "x"], 4)
    texts, logits, states = teacher.load(tmp_path / "told")
    assert texts == ["abc", "a b c d", "x"]
    assert logits.shape == (3, encoder_network.OUTPUTS)
    assert states.shape == (3, 4)
