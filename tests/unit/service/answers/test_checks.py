"""Refusal, language and support: they inform, they say when they cannot tell, they never raise."""

import re
from pathlib import Path

import pytest
from bench.answer_texts import refusal_pairs, support_cases

from aidefence import Action, AnswerCheck, ContentError, Guard, SettingError
from aidefence.knowledge import answers

_REFUSALS = refusal_pairs()


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(deep="off")


@pytest.mark.parametrize("language", _REFUSALS)
def test_declining_is_told_from_not_being_possible(guard: Guard, language: str) -> None:
    declines, does_not = _REFUSALS[language]
    report = guard.inspect_answer(declines, refusal=True)
    assert report.refused
    assert [it.check for it in report.remarks] == [AnswerCheck.REFUSAL]
    assert report.action is Action.ALLOW
    assert guard.inspect_answer(does_not, refusal=True).refused is False


def test_a_caution_in_a_long_answer_weighs_less(guard: Guard) -> None:
    caution = (
        "I cannot provide medical advice, but this is what is known. "
        + "Rest and drink water. " * 40
    )
    remark = guard.inspect_answer(caution, refusal=True).remarks[0]
    assert remark.score < guard.inspect_answer(_REFUSALS["en"][0], refusal=True).remarks[0].score


def test_a_check_flags_only_when_told_to(guard: Guard) -> None:
    told = guard.inspect_answer(_REFUSALS["en"][0], refusal=True, flag=["refusal"])
    assert told.action is Action.FLAG
    assert told.decision.action is Action.ALLOW
    with pytest.raises(SettingError, match="flag"):
        guard.inspect_answer("x", flag=["mood"])


def _paragraphs(root: Path) -> list[tuple[str, str]]:
    found = []
    for path in sorted((root / "bench/texts/languages").glob("*.txt")):
        text = path.read_text("utf-8")
        parts = [it for it in re.split(r"\n+", text) if len(it) >= 120]
        found += [(path.stem, part) for part in parts[:20]]
    return found


def test_languages_are_told_or_left_open(root: Path, guard: Guard) -> None:
    texts = _paragraphs(root)
    assert len(texts) > 50
    guesses = [(code, guard.inspect_answer(text, language="en").language) for code, text in texts]
    told = [(code, it.code) for code, it in guesses if it is not None and it.code is not None]
    wrong = [pair for pair in told if pair[0] != pair[1]]
    assert len(told) >= len(texts) * 0.8
    assert len(wrong) <= len(told) * 0.01, wrong


def test_at_least_25_languages_are_known() -> None:
    book = answers.languages()
    assert len(book.codes) >= 25
    assert all(len(it.words) >= 40 for it in book.languages)
    assert len({it.code for it in book.languages}) == len(book.languages)


_GERMAN = (
    "Die Fähre fährt heute nicht, weil der Wind zu stark ist und das Wasser im Hafen zu hoch steht."
)
_ENGLISH = "Can you please tell me when the next ferry leaves and if I must book a seat for my dog?"


def test_another_language_than_that_of_the_question(guard: Guard) -> None:
    report = guard.inspect_answer(_GERMAN, question=_ENGLISH, language="question")
    assert report.language is not None
    assert (report.language.code, report.expected_language) == ("de", "en")
    assert [it.check for it in report.remarks] == [AnswerCheck.LANGUAGE]
    assert guard.inspect_answer(_GERMAN, language="de").remarks == ()


def test_unsure_is_said(guard: Guard) -> None:
    for asked in ({"language": "de"}, {"language": "question", "question": "42?"}):
        report = guard.inspect_answer("Ok.", **asked)  # type: ignore[arg-type]
        assert [it.check for it in report.degraded] == ["answer.language"]
        assert report.remarks == ()
    with pytest.raises(SettingError, match="language"):
        guard.inspect_answer("Ok.", language="tlh")


def test_close_languages_are_no_mismatch(guard: Guard) -> None:
    danish = (
        "Jeg kan ikke finde min taske, og jeg ved ikke, hvor den er blevet af efter mødet i går."
    )
    assert guard.inspect_answer(danish, language="no").remarks == ()


def test_support_tells_answers_from_the_context_from_others(guard: Guard) -> None:
    for case in support_cases():
        for text, good in [(it, True) for it in case.leaks] + [(it, False) for it in case.clean]:
            report = guard.inspect_answer(text, context=case.system, support=True)
            assert report.support is not None, text
            assert (report.support.score >= 0.6) is good, (text, report.support)
            assert bool(report.support.unsupported) is not good
            for remark in report.remarks:
                assert remark.span.of(text).strip() == remark.span.of(text) != ""


def test_a_number_from_nowhere_is_pointed_at(guard: Guard) -> None:
    context = "The bridge was opened in 1932 and is 340 metres long. It carries trams and bicycles."
    wrong = (
        "The bridge is 340 metres long and carries trams. The bridge was opened in 1967 for trams."
    )
    report = guard.inspect_answer(wrong, context=context, support=True)
    assert [it.span.of(wrong)[-15:] for it in report.remarks] == ["1967 for trams."]


def test_support_says_when_it_cannot_tell(guard: Guard) -> None:
    assert [it.check for it in guard.inspect_answer("Yes.", support=True).degraded] == [
        "answer.support"
    ]
    report = guard.inspect_answer("Yes.", context="It opens at nine.", support=True)
    assert [it.check for it in report.degraded] == ["answer.support"]
    assert report.support is None


def test_an_answer_without_questions_about_it_is_an_inspection(guard: Guard) -> None:
    report = guard.inspect_answer("The ferry leaves at nine.")
    assert report.action is Action.ALLOW
    assert (report.remarks, report.refused, report.language, report.support) == (
        (),
        None,
        None,
        None,
    )
    assert "ferry" not in repr(report)


def test_what_is_no_text_is_refused(guard: Guard) -> None:
    for wrong in ({"answer": 7}, {"answer": "x", "system": 7}, {"answer": "x", "context": [7]}):
        with pytest.raises(ContentError):
            guard.inspect_answer(**wrong)


def test_a_long_answer_is_not_checked_and_that_is_said(guard: Guard) -> None:
    report = guard.inspect_answer("word " * 220_000, refusal=True, support=True, system="x")
    assert {it.check for it in report.degraded} >= {
        "answer.refusal",
        "answer.support",
        "answer.prompt",
    }


def test_an_answer_in_circles_is_told_from_songs_tables_and_logs(guard: Guard) -> None:
    line = "and the boat goes round the island "
    for text in (line * 200, "start. " * 3 + "so " * 3000, "ab" * 5000):
        remarks = guard.inspect_answer(text, repetition=True).remarks
        assert [it.check for it in remarks] == [AnswerCheck.REPETITION]
        assert remarks[0].span.end <= len(text)
    refrain = "Row, row, row your boat, gently down the stream.\n"
    verses = ("The miller wakes, the wheel turns slow", "A heron stands where rushes grow")
    song = "".join(f"{verses[it % 2]}, verse {it}\n{refrain}" for it in range(40))
    table = "".join(f"{it},{it * 37 % 91},{it * it % 1013}\n" for it in range(600))
    log = "".join(f"12:{it // 60:02}:{it % 60:02} GET /item/{it * 7} 200\n" for it in range(300))
    for text in (song, table, log, refrain * 4):
        assert guard.inspect_answer(text, repetition=True).remarks == ()
