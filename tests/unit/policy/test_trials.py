"""Tests of policies: facts become values, files are read strictly, the evaluator decides."""

import pytest

from aidefence.policy.catalog import Kind, resolve
from aidefence.policy.compiling import compile_source
from aidefence.policy.facts import values_of_facts
from aidefence.policy.trial_files import TrialError, read_trials
from aidefence.policy.trials import Broken, run_trials

POLICY = """
policy p version 1
default profile
on error block
define mail as tool.name is "send_mail"
rule sure priority 900: block when confidence(jailbreak) >= 80% because "It is a jailbreak."
rule often: review what breaks at most 2 mail in 10 s because "Two are enough."
rule quiet: block what breaks never mail after found(secret) until approved
"""


def _value(name: str, **facts: object) -> int:
    asked = resolve(name)
    values = ("a", "b") if asked.kind is Kind.TEXT else ()
    told = {key.replace("__", "."): value for key, value in facts.items()}
    return values_of_facts([asked.feature(values)], told)[0]


@pytest.mark.parametrize(
    ("name", "facts", "value"),
    [
        ("approved", {}, 0),
        ("approved", {"approved": True}, 1),
        ("confidence", {"confidence": "80%"}, 8000),
        ("confidence", {"confidence": 0.8}, 8000),
        ("severity", {"severity": "critical"}, 4),
        ("profile.action", {"profile__action": "review"}, 3),
        ("origin", {"origin": "memory"}, 6),
        ("any_origin(memory)", {"origin": "memory"}, 1),
        ("any_origin(user)", {"origin": "memory"}, 0),
        ("role", {"role": "b"}, 2),
        ("role", {"role": "c"}, 0),
        ('role matches "A*"', {"role": "a"}, 1),
        ("role is present", {"role": ""}, 1),
        ("role is present", {}, 0),
        ("session.spend", {"session__spend": "12.50 EUR"}, 1250),
        ("session.age", {"session__age": "2 min"}, 120_000),
        ("time.of_day", {"time__of_day": "06:30"}, 390),
        ("session.turns", {"session__turns": 7}, 7),
    ],
)
def test_facts_become_values(name: str, facts: dict[str, object], value: int) -> None:
    assert _value(name, **facts) == value


@pytest.mark.parametrize(
    ("given", "number", "money"),
    [
        (5, 5, 500),
        (5.2, 6, 520),
        ("12.345", 13, 1235),
        (" 7 ", 7, 700),
        (-1, 2**31 - 1, 2**31 - 1),
        ("much", 2**31 - 1, 2**31 - 1),
        (True, 2**31 - 1, 2**31 - 1),
        ([5], 2**31 - 1, 2**31 - 1),
        ("1e400", 2**31 - 1, 2**31 - 1),
        ("nan", 2**31 - 1, 2**31 - 1),
        ("Infinity", 2**31 - 1, 2**31 - 1),
    ],
)
def test_numbers_of_strangers_are_rounded_up_and_what_is_none_counts_as_the_largest(
    given: object, number: int, money: int
) -> None:
    features = [resolve(f'tool.argument("x") as {it}').feature() for it in ("number", "money")]
    assert values_of_facts(features, {'tool.argument("x")': given}) == [number, money]
    assert values_of_facts(features, {}) == [0, 0]


def test_any_item_of_a_list_may_fit_a_pattern() -> None:
    feature = resolve('tool.argument("to") matches "*@evil.example"').feature()
    for given, fit in ((["a@b.example", "x@EVIL.example"], 1), (["a@b.example"], 0), ([], 0)):
        assert values_of_facts([feature], {'tool.argument("to")': given}) == [fit]


def test_what_follows_from_a_fact_need_not_be_told() -> None:
    names = ["found(pii)", "found(pii.iban)", "confidence", "confidence(pii)", "degraded"]
    features = [resolve(it).feature() for it in names]
    facts = {
        "found_count(pii.iban)": 2,
        "confidence(pii from tool)": "90%",
        "confidence(jailbreak)": "95%",
        'degraded("tier3")': True,
    }
    assert values_of_facts(features, facts) == [1, 1, 9500, 9000, 1]
    assert values_of_facts(features, {**facts, "degraded": False})[4] == 0


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"aproved": True}, "no feature is called `aproved`; did you mean `approved`?"),
        ({"approved": 1}, "`approved` is true or false, not `1`"),
        ({"confidence": 80}, "`confidence` is a score, and `80` is none"),
        ({"confidence": "80"}, "`confidence` is a score, and `80` is none"),
        ({"severity": "hgh"}, "`severity`: `hgh` is none of its words; did you mean `high`?"),
        ({"session.turns": -1}, "`session.turns` is a count, and `-1` is none"),
        ({'role matches "x"': True}, '`role matches "x"` is no fact: tell `role`'),
    ],
)
def test_other_facts_are_refused(facts: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        values_of_facts([], facts)
    assert str(refused.value) == told


def _event(at: str, mail: bool = True, decision: str = "allow", rule: str = "default") -> str:
    request = '{ "tool.name" = "send_mail" }' if mail else '{ "found(secret)" = true }'
    return (
        f'[[test.events]]\nat = "{at}"\nrequest = {request}\n'
        f'decision = "{decision}"\nrule = "{rule}"\n'
    )


def test_tests_hold_or_tell_what_happened() -> None:
    image = compile_source(POLICY).image
    often = _event("0 s") + _event("1 s") + _event("2 s", decision="review", rule="often")
    text = (
        '[[test]]\nname = "sure"\nrequest = { "confidence(jailbreak)" = "81%" }\n'
        'decision = "block"\nrule = "sure"\nreason = "jailbreak"\n'
        f'[[test]]\nname = "often"\n{often}{_event("12 s")}'
        f'[[test]]\nname = "quiet"\n{_event("0 s", mail=False)}'
        f"{_event('0 s', decision='block', rule='quiet')}"
        '[[test]]\nname = "profile"\nrequest = { "profile.action" = "flag" }\n'
        'decision = "flag"\nrule = "profile-flag"\n'
    )
    assert run_trials(image, read_trials(text).trials) == ()
    wrong = text.replace('"12 s"', '"9 s"').replace('rule = "sure"', 'rule = "often"')
    wrong = wrong.replace('"profile.action" = "flag"', '"profile.action" = "allow"')
    assert run_trials(image, read_trials(wrong).trials) == (
        Broken("sure", 1, "block by often", "block by sure"),
        Broken("often", 4, "allow by default", "review by often"),
        Broken("profile", 1, "flag by profile-flag", "allow by default"),
    )
    reason = text.replace('"jailbreak"\n', '"something else"\n')
    assert run_trials(image, read_trials(reason).trials) == (
        Broken("sure", 1, "the reason “something else”", "It is a jailbreak."),
    )


_TEST = '[[test]]\nname = "t"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no `[[test]]`"),
        ("[[test]", "it is not TOML: Expected ']]' at the end of an array declaration"),
        ("x = 1", "`x` is not known here, expected policy, source, test"),
        ("[[test]]", "test 1: `name` is no text"),
        (_TEST, "test `t`: `decision` is no text"),
        (f'{_TEST}decision = "blok"', "test `t`: `blok` is no decision; did you mean `block`?"),
        (
            f'{_TEST}decision = "block"\nrul = "x"',
            "test `t`: `rul` is not known here; did you mean `rule`?",
        ),
        (f"{_TEST}events = []", "test `t`: `events` is no list of 1 to 1000"),
        (
            f"{_TEST}{_event('5')}",
            "test `t`, event 1: `at` is no duration such as `10 s`, but `5`",
        ),
        (f"{_TEST}{_event('5 s')}{_event('4 s')}", "test `t`: its events go back in time"),
        (f'{_TEST}decision = "block"\nrequest = 5', "test `t`: `request` is no table"),
    ],
)
def test_files_of_tests_are_read_strictly(text: str, told: str) -> None:
    with pytest.raises(TrialError) as refused:
        read_trials(text)
    assert str(refused.value).startswith(told)


def test_a_request_that_tells_the_unknown_is_refused() -> None:
    text = f'{_TEST}decision = "block"\nrequest = {{ aproved = true }}'
    with pytest.raises(TrialError, match="test `t`, event 1: no feature is called `aproved`"):
        run_trials(compile_source(POLICY).image, read_trials(text).trials)
