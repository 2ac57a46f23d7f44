"""What is measured on whole texts: enough of it, and attacks that lie where they are said to."""

from __future__ import annotations

from random import Random

import pytest
from bench import hidden
from bench.own_texts import attacks, documents, prompts, twins

from aidefence import Origin


def test_attacks_are_many_and_of_many_languages() -> None:
    texts = attacks()
    assert len({text.text for text in texts}) == len(texts) >= 1_000
    assert len({text.lang for text in texts}) >= 20
    assert {Origin.USER, Origin.RETRIEVAL, Origin.TOOL} <= {text.origin for text in texts}


def test_no_harmless_text_is_an_attack() -> None:
    harmful = {text.text for text in attacks()}
    harmless = {text.text for text in (*prompts(), *documents(), *twins())}
    assert len(harmless) > 2_000
    assert harmful.isdisjoint(harmless)


@pytest.mark.parametrize("place", sorted(hidden._PLACES))
def test_a_hidden_attack_stands_whole_in_its_carrier(place: str) -> None:
    lines = hidden._joined([text.text for text in documents()], 20_000, Random(1))
    carrier = hidden._Carrier("documents", 20_000, lines, is_flagged=False)
    assert len("\n".join(lines)) == 20_000
    attack = hidden._bare(1)[0]
    text = hidden._hide(0, attack, place, carrier).text.text
    assert text.replace(attack.text, "").replace("\n", "") == "".join(lines)
    at = text.index(attack.text) / (len(text) - len(attack.text))
    expected = hidden._PLACES[place]
    assert 0 <= at <= 1
    # Lines differ in length, so a place is only about where it is said to be.
    assert expected is None or abs(at - expected) < 0.06


def test_an_attack_to_hide_is_about_a_hundred_characters() -> None:
    assert all(80 <= len(text.text) <= 120 for text in hidden._bare(200))
