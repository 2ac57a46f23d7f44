"""Topics by example: learned where tier 2 is, heard in texts, within scope and time."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidefence import Category, Direction, Guard
from aidefence.domain.enums import Action
from aidefence.domain.errors import SettingError

TOPICS = """
[[topic]]
id = "recipes"
reason = "our assistant does not cook"
category = "harmful_request"
severity = "low"
examples = [
  "Give me a recipe for lentil soup with carrots.",
  "How long do I bake a potato in the oven?",
  "Which spices go well with roast lamb?",
  "Rezept für Kartoffelsalat mit Gurken und Essig",
  "Receta de tortilla de patatas con cebolla",
]
counter = ["Which train goes to Venice?", "How do I sort a list in Java?", "Who won the match?"]
"""


def _guard(tmp_path: Path, text: str = TOPICS) -> Guard:
    path = tmp_path / "topics.toml"
    path.write_text(text, "utf-8")
    return Guard(topics=path, deep="off")


def test_a_text_on_the_topic_is_told(tmp_path: Path) -> None:
    guard = _guard(tmp_path)
    asked = "Give me a recipe for carrot soup with lentils and roast potato."
    decision = guard.inspect(asked)
    (told,) = [it for it in decision.findings if it.rule_id == "denied:topic:recipes"]
    assert told.explanation == "our assistant does not cook"
    assert told.span.of(asked) == asked
    assert 0.9 < told.score <= 1
    assert (decision.action, decision.category) == (Action.FLAG, Category.HARMFUL_REQUEST)
    assert "denied:topic:recipes says flag" in decision.reasons[0]
    (again,) = guard.inspect_batch([asked])
    assert again == decision


def test_other_texts_are_not(tmp_path: Path) -> None:
    guard = _guard(tmp_path)
    for text in ("The invoice of March is still open.", "", " \n", "?"):
        assert guard.inspect(text).findings == ()


def test_a_threshold_and_a_scope_decide(tmp_path: Path) -> None:
    asked = "Give me a recipe for carrot soup with lentils and roast potato."
    never = _guard(tmp_path, f"{TOPICS}threshold = 9.0\n")
    assert never.inspect(asked).findings == ()
    answers = _guard(tmp_path, f'{TOPICS}direction = "output"\naction = "block"\n')
    assert answers.inspect(asked).findings == ()
    assert answers.inspect(asked, direction=Direction.OUTPUT).blocked
    over = _guard(tmp_path, f"{TOPICS}expires = 2020-01-01\n")
    assert over.inspect(asked).findings == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[topic]]\nreason="r"\nexamples=["a","b"]\n', "`examples` has 3 to 500"),
        ('[[topic]]\nreason="r"\nexamples=["a","b"," "]\n', "`examples` has 3 to 500"),
        ('[[topic]]\nexamples=["a","b","c"]\n', "`reason` says"),
        ('[[topic]]\nreason="r"\nexamples=["a","b","c"]\nfalse_alarms=2\n', "a share between"),
        ('[[topic]]\nreason="r"\nexamples=["a","b","c"]\nthreshold="x"\n', "is no number"),
        ('[[deny]]\nvalue="x"\nreason="r"\n', "unknown table `deny`: topic"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingError) as refused:
        _guard(tmp_path, text)
    assert why in str(refused.value)
    assert refused.value.setting == "topics"


def test_without_tier_2_there_are_no_topics(tmp_path: Path) -> None:
    path = tmp_path / "topics.toml"
    path.write_text(TOPICS, "utf-8")
    with pytest.raises(SettingError, match="they need the dense model"):
        Guard(topics=path, dense="off", deep="off")
