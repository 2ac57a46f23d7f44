# ruff: noqa: D103 - the name of a test says what it shows
"""The parts of the encoder's training that need neither torch nor the base."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from training import assembly, data
from training.encoder import base, batches, texts, windows
from training.encoder.texts import Example

if TYPE_CHECKING:
    from pathlib import Path


def example(
    number: int,
    *,
    attack: bool = False,
    source: str = "web",
    pair: str | None = None,
    harm: bool = False,
    injection: str | None = None,
) -> Example:
    record = data.Record(
        id=f"{source}-{number}-{attack}",
        text=f"text {number} of {source}",
        attack=attack,
        category="jailbreak" if attack else "benign",
        source=source,
        lang="en",
        licence="MIT",
        origin=1,
        injection=injection,
        pair=pair,
    )
    return Example(record, harm)


def test_four_bit_blocks_are_read_as_the_format_says() -> None:
    packed = np.arange(16, dtype=np.uint8)[None, :] * 17
    words = base.Words(packed, np.array([[0.5]], np.float16))
    expected = np.concatenate([np.arange(16), np.arange(16)]) * 0.5 - 4
    assert (words.dense()[0] == expected).all()


def test_what_differs_between_twins_is_their_focus() -> None:
    left, right = windows.differing([1, 2, 3, 9, 9, 4, 5], [1, 2, 3, 8, 4, 5])
    assert left == (3, 5)
    assert right == (3, 4)
    assert windows.differing([1, 1], [1]) == ((1, 2), (1, 2))


def test_the_cut_of_a_long_attack_holds_its_focus() -> None:
    ids = list(range(100, 1100))
    text = windows.Tokens(example(1, attack=True), ids, (700, 720))
    for seed in range(200):
        cut = windows.cut(text, random.Random(seed))
        assert len(cut) <= windows.BODY + 2
        assert set(range(800, 820)) <= set(cut)


def test_an_attack_of_unknown_place_is_never_cut_short() -> None:
    ids = list(range(100, 160))
    text = windows.Tokens(example(1, attack=True), ids, None)
    assert all(len(windows.cut(text, random.Random(seed))) == 62 for seed in range(100))


def test_twins_stand_in_one_batch() -> None:
    tokens = [
        windows.Tokens(example(n, attack=attack, pair=f"p{n}"), list(range(5 + n % 40)), None)
        for attack in (True, False)
        for n in range(100)
    ] + [windows.Tokens(example(n), list(range(30)), None) for n in range(57)]
    made = batches.make(tokens, 32, "seed")
    assert sum(len(batch.pairs) for batch in made) == 100
    assert sum(len(batch.rows) for batch in made) == len(tokens)
    assert max(len(batch.rows) for batch in made) <= 33
    for batch in made:
        for attack, twin in batch.pairs:
            assert batch.examples[attack].record.pair == batch.examples[twin].record.pair
            assert batch.examples[attack].record.attack
            assert not batch.examples[twin].record.attack


def test_the_same_seed_makes_the_same_batches() -> None:
    tokens = [windows.Tokens(example(n), list(range(n % 300)), None) for n in range(90)]
    first, second = (batches.make(tokens, 16, "x") for _ in range(2))
    assert [batch.rows for batch in first] == [batch.rows for batch in second]


def test_a_pass_holds_all_written_texts_and_as_many_attacks_as_benign_ones() -> None:
    given = [
        *(example(n, attack=True, source="corpus_a", pair=f"c{n}") for n in range(20)),
        *(example(n, source="corpus_a", pair=f"c{n}") for n in range(20)),
        *(example(n, source="advbench", harm=True) for n in range(10)),
        *(example(n, attack=True, source="mail") for n in range(100)),
        *(example(n, source="mail") for n in range(400)),
        *(example(n, source="news") for n in range(900)),
        *(example(n, source=assembly.GENERATED, pair=f"g{n // 2}") for n in range(0)),
    ]
    drawn = texts.draw(given, 200, "seed")
    assert sum(e.is_written for e in drawn) == 40
    assert sum(e.harm for e in drawn) == 10
    attacks = sum(e.record.attack for e in drawn)
    assert abs(attacks - 100) <= 2
    # The carrier of attacks comes clean as often as not.
    assert sum(e.record.source == "mail" and not e.record.attack for e in drawn) >= attacks - 22
    assert drawn == texts.draw(given, 200, "seed")
    assert drawn != texts.draw(given, 200, "other")


def test_a_run_keeps_what_it_drew(tmp_path: Path) -> None:
    path = tmp_path / "drawn.json"
    first = texts.freeze(path, lambda: [[example(1), example(2, harm=True)]])
    assert first == texts.freeze(path, lambda: [[example(3)]])
    assert first[0][1].harm
