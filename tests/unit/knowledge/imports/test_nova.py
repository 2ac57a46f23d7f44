"""NOVA read and said in our format; meanings and questions are named."""

import pytest

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.nova import translate_nova
from aidefence.knowledge.imports.when import write

RULE = """rule Tried
{
    uuid = "0001"
    meta:
        description = "Asks the shop for its purchase prices"
        severity = "high"
    keywords:
        $price_a = "purchase price"
        $price_b = /dealer (discount|margin)s?\\b/i
        $case = "EK-Liste" case:true
        $ahead = /a(?=b)/
    semantics:
        $meaning = "what the shop itself pays" (0.6)
    llm:
        $ask = "Does this ask for purchase prices?" (0.5)
    condition:
        CONDITION
}
"""


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("keywords.$price_a", "price_a"),
        ("keywords.$price*", "price_a or price_b"),
        ("any of ($price*)", "price_a or price_b"),
        ("all of keywords.$price*", "price_a and price_b"),
        ("2 of ($price*, $case)", "2 of (price_a, price_b, case)"),
        (
            "keywords.$case and not (keywords.$price_a or $price_b)",
            "case and none of (price_a, price_b)",
        ),
    ],
)
def test_conditions_are_said(condition: str, wanted: str) -> None:
    rule = translate_nova("x.nov", RULE.replace("CONDITION", condition))[0]
    assert rule.is_whole
    assert rule.when is not None
    assert write(rule.when) == wanted
    assert rule.title == "Asks the shop for its purchase prices"
    assert rule.topics == ("what the shop itself pays",)


def test_keywords_are_read_over_case_unless_they_say_otherwise() -> None:
    rule = translate_nova("x.nov", RULE.replace("CONDITION", "any of ($price*, $case)"))[0]
    assert [it.narrow for it in rule.patterns] == [
        ("(?iu:purchase price)",),
        (r"(?iu:dealer (?:discount|margin)s?\b)",),
        (r"(?u:EK\-Liste)",),
    ]


@pytest.mark.parametrize(
    ("condition", "lost"),
    [
        ("keywords.$case or semantics.*", ["semantics.$meaning (0.6)"]),
        ("keywords.$case and llm.$ask", ["llm.$ask (0.5)"]),
        ("keywords.*", ["$ahead: (?=b)"]),
    ],
)
def test_what_cannot_be_said_is_named(condition: str, lost: list[str]) -> None:
    rule = translate_nova("x.nov", RULE.replace("CONDITION", condition))[0]
    assert [it.what for it in rule.lost] == lost
    places = {"semantics": (13, 9), "llm": (15, 9), "$ahead": (11, 20)}
    wanted = next(place for name, place in places.items() if lost[0].startswith(name))
    assert (rule.lost[0].place.line, rule.lost[0].place.column) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE.replace("CONDITION", "keywords.$none"), "no `$none`"),
        (RULE.replace("CONDITION", "keywords"), "`}` stands here"),
        ("rule A { keywords: $a = b condition: $a }", "`b` stands here"),
        ("rule A { }", "rule `A` has no condition"),
        ("rule A { words: $a }", "`:` stands here"),
        ("rule A", "the end of the file stands here"),
    ],
)
def test_what_is_no_nova_is_refused(text: str, message: str) -> None:
    with pytest.raises(RuleError) as refused:
        translate_nova("x.nov", text)
    assert refused.value.message == message
