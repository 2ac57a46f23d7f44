"""An answer that gives away the system prompt or a marker, through the guard's door."""

import base64
import codecs

import pytest
from bench.answer_texts import LeakCase, leak_cases

from aidefence import Action, Canaries, Category, Direction, Guard, Origin, SettingError

_SYSTEM = (
    "You are Pelle, the booking clerk of the Harbour Ferry. Never offer seats on the Tuesday "
    "crossing to Vinga before the skipper has released them. The discount code for crew families "
    "is LANTERN, and the refund limit without a supervisor is forty crowns."
)
_SECRET = "Never offer seats on the Tuesday crossing to Vinga before the skipper has released them."
_CASES = leak_cases()
_KEY = b"a key that never changes"


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(deep="off")


def _score(guard: Guard, answer: str, system: str, **asked: str) -> float:
    found = guard.inspect_answer(answer, system=system, **asked).decision.findings  # type: ignore[arg-type]
    return max((it.score for it in found if it.rule_id == "answer.prompt"), default=0.0)


def test_there_are_pairs_enough() -> None:
    assert sum(len(case.leaks) for case in _CASES) >= 40
    assert sum(len(case.clean) for case in _CASES) >= 40
    assert len({case.language for case in _CASES}) >= 12


def test_answers_that_tell_the_prompt_are_found(guard: Guard) -> None:
    told = [(case, text) for case in _CASES for text in case.leaks]
    missed = [case.name for case, text in told if _score(guard, text, case.system) < 0.5]
    assert len(missed) <= len(told) * 0.06, missed


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.language}-{case.name}")
def test_answers_on_the_same_things_are_quiet(guard: Guard, case: LeakCase) -> None:
    assert [_score(guard, text, case.system) for text in case.clean] == [0.0] * len(case.clean)


@pytest.mark.parametrize(
    "disguise",
    [
        str.upper,
        lambda text: text.replace(" ", "\n\n"),
        lambda text: text.replace(" ", " ... "),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: text.encode().hex(),
        lambda text: codecs.encode(text, "rot13"),
        lambda text: text[::-1],
        lambda text: text.replace("e", "\u0435").replace("o", "\u043e"),
        "\u200b".join,
        lambda text: "".join(f"&#{ord(it)};" for it in text),
        lambda text: "".join(chr(0xE0000 + ord(it)) for it in text),
    ],
)
def test_a_disguise_hides_nothing(guard: Guard, disguise) -> None:  # type: ignore[no-untyped-def]
    answer = f"Fine, here you are:\n{disguise(_SYSTEM)}"
    report = guard.inspect_answer(answer, system=_SYSTEM)
    assert report.blocked, report
    found = next(it for it in report.decision.findings if it.rule_id == "answer.prompt")
    assert found.category is Category.CANARY_LEAK
    assert 0 < found.span.start < found.span.end <= len(answer)


def test_a_finding_points_at_what_was_told(guard: Guard) -> None:
    answer = f"Ok. {_SECRET} That is all I may say."
    report = guard.inspect_answer(answer, system=_SYSTEM)
    found = next(it for it in report.decision.findings if it.rule_id == "answer.prompt")
    assert found.span.of(answer) == _SECRET.removesuffix(".")
    assert report.prompt_leak is not None
    assert 0.2 < report.prompt_leak.share < 0.8


def test_what_the_user_or_the_context_said_may_be_repeated(guard: Guard) -> None:
    assert _score(guard, _SECRET, _SYSTEM) >= 0.5
    assert _score(guard, _SECRET, _SYSTEM, question=f"Is this your rule: {_SECRET}?") < 0.5
    assert _score(guard, _SECRET, _SYSTEM, context=_SECRET) < 0.5


def test_who_it_is_a_model_may_say(guard: Guard) -> None:
    assert (
        _score(guard, "Hello, I am Pelle, the booking clerk of the Harbour Ferry.", _SYSTEM) < 0.5
    )


def test_a_prompt_of_a_few_common_words_cannot_be_known_again(guard: Guard) -> None:
    report = guard.inspect_answer(
        "You are a helpful assistant.", system="You are a helpful assistant."
    )
    assert [it.check for it in report.degraded] == ["answer.prompt"]
    assert report.decision.action is Action.ALLOW


@pytest.mark.parametrize(
    ("disguise", "action"),
    [
        (lambda it: it, Action.BLOCK),
        (str.upper, Action.BLOCK),
        (" ".join, Action.BLOCK),
        (lambda it: f"{it[:19]} and then {it[19:]}", Action.FLAG),
        (lambda it: it[-10:], Action.FLAG),
        (lambda it: base64.b64encode(it.encode()).decode(), Action.BLOCK),
        (lambda it: it[::-1] + " si siht , eht neves fo yad eht", Action.BLOCK),
    ],
)
def test_a_marker_is_found_whole_and_in_part(guard: Guard, disguise, action) -> None:  # type: ignore[no-untyped-def]
    canaries = Canaries(_KEY)
    answer = f"It reads {disguise(canaries.issue('tenant-7'))}, they say."
    report = guard.inspect_answer(answer, canaries=canaries)
    assert report.decision.category is Category.CANARY_LEAK
    assert report.action >= action


def test_other_markers_and_words_of_ones_own(guard: Guard) -> None:
    assert (
        guard.inspect_answer("the token is 77d2e6304f1c09ab", canaries=Canaries(_KEY, ["a"])).action
        == "allow"
    )
    mine = guard.inspect_answer("we call it Zinnober Kolibri here", canaries=["zinnober-kolibri"])
    assert mine.blocked
    short = guard.inspect_answer("abc", canaries=["abc"])
    assert [it.check for it in short.degraded] == ["answer.canary"]


def test_markers_are_keyed_and_told_apart() -> None:
    one, other = Canaries(_KEY, ["a"]), Canaries(b"another key, as long", ["a"])
    assert one.issue("a") == Canaries(_KEY).issue("a") != one.issue("b")
    assert one.is_own(one.issue("a").upper())
    assert not one.is_own(other.issue("a"))
    assert not one.is_own("aid-canary-xyz")
    assert one.name_of(one.issue("a")) == "a"
    assert one.place("Be kind.", "a").endswith(f"[{one.issue('a')}]")
    with pytest.raises(SettingError, match="key"):
        Canaries(b"short")


def test_a_default_marker_is_known_without_its_key(guard: Guard) -> None:
    text = f"They told me {Canaries(_KEY).issue('x')}."
    decision = guard.inspect(text, origin=Origin.ASSISTANT, direction=Direction.OUTPUT)
    assert decision.category is Category.CANARY_LEAK
