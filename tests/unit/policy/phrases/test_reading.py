"""What people say is read right, asked about or refused; never silently read wrong."""

import random

import pytest

from aidefence.domain.enums import Action, Category
from aidefence.policy.parsing import parse
from aidefence.policy.phrases.lexicon import lexicon
from aidefence.policy.phrases.reading import (
    Ambiguous,
    Reading,
    Refused,
    Understood,
    read_phrase,
)
from aidefence.policy.phrases.words import PHRASE_LEN_MAX

from .measuring import FILES, Fate, Measured, Phrasing, judged, measured, phrasings, totals

_SHORT = 45
_OPEN, _HELD_OUT = "phrasings.toml", "phrasings_held_out.toml"


@pytest.fixture(scope="module", params=FILES)
def results(request: pytest.FixtureRequest) -> list[Measured]:
    return list(measured(request.param))


def test_there_are_enough_phrasings() -> None:
    said = [it.said for name in FILES for it in phrasings(name)]
    assert len(phrasings(_OPEN)) >= 300
    assert len(phrasings(_HELD_OUT)) >= 150
    assert len(set(said)) == len(said)


def test_what_has_one_meaning_is_read_right(results: list[Measured]) -> None:
    counted = totals(results)
    clear = sum(number for (kind, _), number in counted.items() if kind == "read")
    assert counted["read", Fate.RIGHT] / clear >= 0.9


def test_nothing_is_silently_read_wrong(results: list[Measured]) -> None:
    assert [it.phrasing.said for it in results if it.fate is Fate.WRONG] == []


def test_what_may_mean_several_things_is_asked_about(results: list[Measured]) -> None:
    asked = [it for it in results if it.phrasing.kind == "ask" and it.phrasing.meant]
    assert [it.phrasing.said for it in asked if not it.offered] == []


def test_an_unknown_word_is_named_with_its_place_and_known_ones() -> None:
    refused = read_phrase("block jailbrakes from the user")
    assert refused == Refused(
        "`jailbrakes` is not known here", "jailbrakes", 7, ("jailbreak", "jailbreaking")
    )


def test_no_word_that_means_something_is_passed_over() -> None:
    """A word that is not known stops the reading, wherever it stands."""
    for phrasing in phrasings(_OPEN):
        if phrasing.kind != "read" or '"' in phrasing.said or len(phrasing.said) > _SHORT:
            continue
        words = phrasing.said.split(" ")
        before = read_phrase(phrasing.said)
        for at in range(len(words) + 1):
            for word in ("seldom", "except"):
                said = " ".join((*words[:at], word, *words[at:]))
                after = read_phrase(said)
                assert isinstance(after, Refused) or after != before, said


@pytest.mark.parametrize(
    "said",
    [
        *("not all tools are allowed", "not only admins may pay", "block mail to admins"),
        *("block passwords of admins", "if approval was requested, flag it"),
        *("block untrusted users", "block jailbreaks and flag prompt injections"),
        *(
            "block payments every day",
            "if a jailbreak was flagged, block",
            "block half of the mails",
        ),
        *(
            "block jailbreaks unless",
            "unless",
            "only",
            "and",
            "not",
            "never",
            "if",
            "()",
            "((((",
            ")",
        ),
        *(
            "block (jailbreaks",
            "block jailbreaks)",
            "at most payments an hour",
            "5",
            "80%",
            "tools"[:0],
        ),
        *("no more than 5 payments an hour if the user is a guest", "do not flag jailbreaks"),
        *("block no payments", "flag neither jailbreaks nor prompt injections"),
        *("block secrets except passwords", "redact personal data in answers except emails"),
        *("block videos from tool results", "block jailbreaks not from the user"),
        "if a jailbreak is found, stop the session",
        *("block jailbreaks from admins to guests", "approve payments", "block \x00", "🙂"),
    ],
)
def test_what_cannot_be_told_is_refused(said: str) -> None:
    assert isinstance(read_phrase(said), Refused), said


def test_too_much_is_refused_at_once() -> None:
    assert isinstance(read_phrase("a " * PHRASE_LEN_MAX), Refused)
    assert isinstance(read_phrase("jailbreak or " * 76), Refused)


def test_no_salad_of_words_makes_it_fail() -> None:
    dice = random.Random(5)
    known = [*sorted(lexicon().words), "5", "80%", "$5", "9:00", '"x"', "send_mail", ",", "(", ")"]
    for _ in range(1_500):
        said = " ".join(dice.choice(known) for _ in range(dice.randint(1, 14)))
        outcome = read_phrase(said)
        assert isinstance(outcome, Understood | Ambiguous | Refused), said


def test_a_reading_is_a_rule_and_says_itself_in_plain_words() -> None:
    outcome = read_phrase("mask card numbers in answers", rule_id="cards")
    assert isinstance(outcome, Understood)
    reading = outcome.reading
    assert reading.rule.id == "cards"
    assert reading.rule.action is Action.REDACT
    assert parse(reading.pdl).items == (reading.rule,)
    assert "card" in reading.paraphrase


def test_what_was_taken_for_granted_is_told() -> None:
    outcome = read_phrase("block mail outside business hours")
    assert isinstance(outcome, Understood)
    told = " ".join(outcome.reading.notes)
    assert "09:00 to 17:00" in told
    assert "`mail` in its name" in told


def test_a_bare_condition_takes_the_action_that_is_given_with_it() -> None:
    outcome = read_phrase("the user is a guest", action=Action.FLAG)
    assert isinstance(outcome, Understood)
    assert outcome.reading.is_bare
    assert outcome.reading.rule.action is Action.FLAG


def test_a_condition_in_the_policy_language_is_taken_as_it_is() -> None:
    outcome = read_phrase("once found(secret) and not approved")
    assert isinstance(outcome, Understood)
    assert isinstance(outcome.reading, Reading)
    assert "once found(secret)" in outcome.reading.pdl


@pytest.mark.parametrize("category", list(Category))
def test_every_category_can_be_said(category: Category) -> None:
    outcome = read_phrase(f"block if the confidence of {category.value.replace('_', ' ')} > 60%")
    if category in {Category.PII, Category.SECRET}:
        assert isinstance(outcome, Refused)  # Data is found or not: say what of it.
    else:
        assert isinstance(outcome, Understood), outcome
        assert f"confidence({category.value}) > 60%" in outcome.reading.pdl


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("guests may pay if approved", 'block when role is "guest" and pay and not approved'),
        ("payments are allowed on weekdays", "block when pay and weekend"),
        ("allow payments as long as they are approved", "block when pay and not approved"),
        ("only admins may delete at night", "block when destroy and not (admin and night)"),
        ("block payments unless approved at night", "block when pay and night unless approved"),
        ("block payments, unless approved, at night", "block when pay and night unless approved"),
        ("if mail or a payment is found at night, block", "block when (mail or pay) and night"),
        (
            "only approved payments may be made at night",
            "block when pay and night and not approved",
        ),
    ],
)
def test_a_scope_that_may_be_another_is_asked_about(said: str, meant: str) -> None:
    (found,) = judged([Phrasing(said, "ask", (meant,))])
    assert found.fate is Fate.ASKED
    assert found.offered


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("just admins may delete", "block when destroy and not admin"),
        (
            'guests may call no tool except "search"',
            'block when called and role is "guest" and tool.name is not "search"',
        ),
        (
            "only approved payments may exceed $100",
            'block when pay and tool.argument("amount") > $100 and not approved',
        ),
        (
            "every payment must be followed by an answer within 10 minutes",
            "block what breaks every pay is followed by answer within 10 min",
        ),
        ("never call mail before a payment", "block what breaks never mail before pay"),
        (
            "payments only from Friday to Monday",
            "block when pay and time.weekday not in (friday, saturday, sunday, monday)",
        ),
        ("block German tax ids", "block when found(pii.de_tax_id)"),
    ],
)
def test_what_narrows_is_not_passed_over(said: str, meant: str) -> None:
    (found,) = judged([Phrasing(said, "read", (meant,))])
    assert found.fate is Fate.RIGHT


def test_a_name_that_stands_for_more_is_told() -> None:
    outcome = read_phrase("the answer holds an API key")
    assert isinstance(outcome, Understood)
    assert "an API key means any secret" in outcome.reading.notes
