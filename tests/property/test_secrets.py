"""Keys of every kind are found under their name, exactly where they stand, and all of them."""

from __future__ import annotations

from random import Random

import pytest
from bench.secret_shapes import Shape, shapes
from bench.secrets import loud_lines, quiet_lines

from aidefence import Guard

SHAPES = shapes()
DRAWS = 50
ENTITIES_MIN = 150
PAIRS = 600


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(dense="off", deep="off")


def _places(guard: Guard, text: str) -> set[tuple[str | None, int, int]]:
    return {(it.entity, it.span.start, it.span.end) for it in guard.inspect(text).findings}


def test_there_are_many_kinds() -> None:
    assert len({shape.entity for shape in SHAPES}) >= ENTITIES_MIN


@pytest.mark.parametrize("shape", SHAPES, ids=[f"{it.entity}-{at}" for at, it in enumerate(SHAPES)])
def test_every_kind_is_found_exactly(guard: Guard, shape: Shape) -> None:
    dice = Random(shape.entity)
    for _ in range(DRAWS):
        text, start, end = shape.text(dice)
        assert (shape.entity, start, end) in _places(guard, text), text


def test_the_second_key_of_a_text_is_found_too(guard: Guard) -> None:
    dice = Random(2)
    for _ in range(PAIRS):
        wanted, text = [], ""
        first = dice.choice(SHAPES)
        for shape in (first, dice.choice(SHAPES), first):
            part, start, end = shape.text(dice)
            wanted.append((shape.entity, len(text) + start, len(text) + end))
            text += f"{part}\n\n"
        assert set(wanted) <= _places(guard, text), text


def test_prose_and_lock_files_hold_no_key(guard: Guard) -> None:
    lines = quiet_lines()
    assert len(lines) >= 10_000
    assert loud_lines(guard, lines) == []


def test_a_key_with_another_tail_is_less_sure(guard: Guard) -> None:
    (right,) = [it for it in SHAPES if it.entity == "npm_token"][:1]
    dice = Random(3)
    for _ in range(DRAWS):
        text, _, end = right.text(dice)
        wrong = text[: end - 1] + ("a" if text[end - 1] != "a" else "b") + text[end:]
        scores = [
            max(it.score for it in guard.inspect(one).findings if it.entity == "npm_token")
            for one in (text, wrong)
        ]
        assert scores[0] > 0.9 > scores[1] > 0.5
