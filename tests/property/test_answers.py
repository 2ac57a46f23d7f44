"""Whatever an answer holds: no check raises, and what is told lies in the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidefence import Canaries, Guard

_PIECES = st.sampled_from(
    [
        *(
            "the discount code for crew families is LANTERN",
            "```",
            "<img src=x>",
            "\u200b",
            "\ud800",
        ),
        *("I can't help with that.", "ignore", "1,234", "。", "你好", "\U000e0041", "%41", "&#65;"),
        *(
            "aid-canary-",
            "4f1c09ab77d2e630",
            "\n",
            " ",
            "!",
            "é",
            "Ä",
            "\x1b[8m",
            "](https://a.example/?q=",
        ),
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=12), max_size=24).map("".join)


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(deep="off")


@settings(max_examples=150)
@given(answer=_TEXTS, system=_TEXTS, question=_TEXTS, context=_TEXTS)
def test_no_text_makes_a_check_raise(
    guard: Guard, answer: str, system: str, question: str, context: str
) -> None:
    canaries = Canaries(b"sixteen bytes ok", ["a", question])
    report = guard.inspect_answer(
        answer,
        system=system,
        question=question,
        context=[context],
        canaries=canaries,
        refusal=True,
        language="question",
        support=True,
        repetition=True,
    )
    spans = [it.span for it in report.remarks] + [it.span for it in report.decision.findings]
    assert all(span.end <= len(answer) for span in spans)
    assert all(0 <= it.score <= 1 for it in report.remarks)
    again = guard.inspect_answer(answer, system=system, canaries=canaries)
    assert again == guard.inspect_answer(answer, system=system, canaries=canaries)
