# ruff: noqa: D103 - the name of a test says what it shows
"""Generated pairs are the same for a seed, varied, balanced, and complete."""

from __future__ import annotations

from collections import Counter

from training.data import CATEGORIES, plain
from training.generator import Pair, generate
from training.generator.grammar import PAIRED, load


def pairs(count: int = 200, seed: int = 3) -> list[Pair]:
    return list(generate(seed, count))


def test_same_seed_gives_same_pairs() -> None:
    assert pairs(40) == pairs(40)
    assert pairs(40) != pairs(40, seed=4)


def test_every_language_and_category_is_there() -> None:
    made = pairs()
    assert len({pair.lang for pair in made}) >= 12
    assert {pair.category for pair in made} == set(CATEGORIES)


def test_halves_differ_and_no_slot_is_left_open() -> None:
    for pair in pairs():
        assert pair.attack != pair.benign
        for text in (pair.attack, pair.benign):
            assert not any(
                slot in text
                for slot in (
                    "{q}",
                    "{name}",
                    "{word}",
                    "{url}",
                    "{mail}",
                    "{file}",
                    "{num}",
                    "{codec}",
                )
            )


def test_length_does_not_tell_the_halves_apart() -> None:
    made = pairs()
    attack = sum(len(pair.attack) for pair in made) / len(made)
    benign = sum(len(pair.benign) for pair in made) / len(made)
    assert 0.85 < attack / benign < 1.18


def test_no_phrase_is_on_both_sides_of_a_book() -> None:
    for book in load():
        for section in PAIRED:
            both = {plain(phrase) for phrase in book[section]} & {
                plain(phrase) for phrase in book[f"{section}_twin"]
            }
            assert not both, (book.lang, section, both)


def test_texts_are_mostly_distinct() -> None:
    texts = Counter(plain(pair.attack) for pair in pairs(400))
    assert len(texts) / texts.total() > 0.97
