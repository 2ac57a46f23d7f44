# ruff: noqa: D103 - the name of a test says what it shows
"""Generated pairs are the same for a seed, varied, balanced, and complete."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from training.data import CATEGORIES, plain
from training.generator import Pair, generate
from training.generator.diversity import measure, samples, table, tells
from training.generator.grammar import FILLED_LATER, PAIRED, SLOTS, load
from training.generator.pairs import told
from training.generator.recipes import FAMILIES

OPEN = re.compile(r"\{(" + "|".join((*SLOTS, *FILLED_LATER)) + r")\}|\{[^{}\"\n]*\|[^{}\"\n]*\}")


@cache
def pairs(count: int = 200, seed: int = 3) -> list[Pair]:
    return list(generate(seed, count))


def test_same_seed_gives_same_pairs() -> None:
    assert list(generate(3, 40)) == list(generate(3, 40))
    assert pairs(40) != pairs(40, seed=4)


def test_every_language_category_and_family_is_there() -> None:
    made = pairs()
    assert len({pair.lang for pair in made}) == len(load()) >= 24
    assert {pair.category for pair in made} == set(CATEGORIES)
    assert {pair.family for pair in made} == set(FAMILIES)


def test_every_book_has_words_for_every_family() -> None:
    for book in load():
        assert set(PAIRED) <= set(book.paired), book.lang
        assert told(book) == FAMILIES, book.lang


def test_halves_differ_and_no_slot_is_left_open() -> None:
    for pair in pairs():
        assert pair.attack != pair.benign
        for text in (pair.attack, pair.benign):
            assert not OPEN.search(text), (pair.lang, pair.family, text)


def test_what_was_injected_stands_in_the_attack_only() -> None:
    made = [pair for pair in pairs() if len(pair.injection) > 30]
    found = sum(pair.injection in pair.attack for pair in made)
    assert found / len(made) > 0.85
    assert sum(pair.injection in pair.benign for pair in made) / len(made) < 0.06


def test_length_does_not_tell_the_halves_apart() -> None:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs(400):
        for key in ("all", pair.lang, pair.family):
            sums[key] += Counter(attack=len(pair.attack), benign=len(pair.benign))
    for key, side in sums.items():
        least = 0.93 if key == "all" else 0.75
        assert least < side["attack"] / side["benign"] < 1 / least, (key, side)


@pytest.mark.parametrize("sign", ["http", "@", "?", "!", "\n", '"', "{", "<", "🙏"])
def test_no_sign_tells_the_halves_apart(sign: str) -> None:
    attack = sum(sign in pair.attack for pair in pairs(400))
    benign = sum(sign in pair.benign for pair in pairs(400))
    assert 0.75 < attack / benign < 1.33, (attack, benign)


def test_no_phrase_is_on_both_sides_of_a_book() -> None:
    for book in load():
        for section, phrases in book.paired.items():
            orders = {plain(phrase.order) for phrase in phrases}
            twins = {plain(twin) for phrase in phrases for twin in phrase.twins}
            assert not orders & twins, (book.lang, section, orders & twins)


def test_frames_hold_what_is_put_into_them() -> None:
    needed = {"frame": "{q}", "translation": "{q}", "encoded": "{q}", "split": "{a}"}
    for book in load():
        for section, slot in needed.items():
            for phrase in book.paired.get(section, ()):
                assert all(slot in half for half in (phrase.order, *phrase.twins)), phrase
        for section in ("report", "teach", "fiction"):
            assert all("{q}" in line for line in book.plain[section]), (book.lang, section)


def test_texts_are_mostly_distinct() -> None:
    texts = Counter(plain(pair.attack) for pair in pairs(400))
    assert len(texts) / texts.total() > 0.97


def test_messages_that_look_like_json_are_json() -> None:
    found = 0
    for pair in pairs():
        for text in (pair.attack, pair.benign):
            if text.startswith('{"message": '):
                found += 1
                assert isinstance(json.loads(text)["message"], str)
    assert found


def test_no_common_word_gives_a_side_away() -> None:
    for book in load():
        made = [pair for pair in pairs(400) if pair.lang == book.lang]
        for word, attack, benign in tells(made):
            assert abs(attack - benign) < 0.18 * len(made), (book.lang, word, attack, benign)


def test_diversity_knows_copies_from_new_texts() -> None:
    made = [pair for pair in pairs() if pair.lang == "en"][:300]
    groups = measure(made)
    varied = groups["all"]["all"].attack
    same = measure([made[0]] * 20)["all"]["all"].attack
    assert same.nearest == 1
    assert same.distinct == 1
    assert varied.nearest < 0.8
    assert varied.distinct > 0.95 * varied.texts
    assert set(groups["family"]) <= set(FAMILIES)
    assert len(table(groups["family"])) == len(groups["family"]) + 2
    assert len({pair.family for pair in samples(made, 10)}) == 10
