"""Every word of the language has a sentence, and sentences say what is meant."""

import pytest
from hypothesis import given
from tests.policies import SOURCES

from aidefence.domain.tools import Capability
from aidefence.policy.catalog import SPECS, Kind
from aidefence.policy.paraphrase import CAPABILITIES, FLAGS, NOUNS, in_words, paraphrase
from aidefence.policy.parsing import parse, parse_condition
from aidefence.policy.tree import Source


def test_every_feature_and_capability_has_its_words() -> None:
    flags = {it.name for it in SPECS if it.kind is Kind.FLAG or it.is_given}
    assert set(FLAGS) == flags
    assert set(NOUNS) == {it.name for it in SPECS if it.kind is not Kind.FLAG}
    assert list(CAPABILITIES) == list(Capability)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("approved", "a person has approved it"),
        ("not approved", "no person has approved it"),
        ("tool.can(outward)", "the tool can send data out"),
        ("found(pii.iban)", "private data (iban) is found"),
        ("confidence >= 80%", "the confidence of the leading category is at least 80%"),
        (
            "confidence(prompt_injection from retrieval) > 90%",
            "the confidence of prompt injection in contents from retrieval is above 90%",
        ),
        ('tool.name in ("a", "b")', 'the tool is one of "a" or "b"'),
        ('degraded("tier3") and not degraded', 'the check "tier3" did not run and a check did run'),
        (
            "not (approved or degraded)",
            "it is not so that (a person has approved it or a check did not run)",
        ),
        ("sensitive tool", "“sensitive tool” holds"),
        ("not sensitive tool", "“sensitive tool” does not hold"),
        (
            "count(approved in 5 min per user) >= 3",
            (
                "the number of earlier events in the last 5 min of the user where "
                "a person has approved it is at least 3"
            ),
        ),
        ("earlier approved", "at an earlier event a person has approved it"),
        (
            "never degraded after approved until last",
            (
                "it never happens that a check did not run after a person has approved it "
                "until no event follows"
            ),
        ),
    ],
)
def test_conditions_in_words(written: str, said: str) -> None:
    assert in_words(parse_condition(written)) == said


def test_rules_in_words() -> None:
    source = parse(
        'rule r: block when approved unless degraded because "So it is."\nprove never allow'
    )
    assert [paraphrase(it) for it in source.items] == [
        "Block when a person has approved it, unless a check did not run. Reason: So it is.",
        "It is to be proved that the decision is never allow.",
    ]


@given(SOURCES)
def test_everything_that_can_be_written_can_be_said(source: Source) -> None:
    for item in source.items:
        assert paraphrase(item)
