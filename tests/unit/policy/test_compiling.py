"""A policy compiles to what it says: conditions, orders, formulas, features."""

from collections.abc import Mapping

import pytest

from aidefence import Action
from aidefence.domain.policies import PropertyKind, Scope
from aidefence.policy.compiling import Compiled, compile_source
from aidefence.policy.globs import fits, literal
from aidefence.policy.image import Count, Image

HEAD = "policy p version 1\ndefault allow\non error block\n"


def _compiled(text: str, head: str = HEAD) -> Compiled:
    return compile_source(head + text)


def _holds(cond: object, values: Mapping[int, int]) -> bool:
    assert isinstance(cond, tuple)
    operator, *parts = cond
    if operator in {"tt", "ff"}:
        return bool(operator == "tt")
    if operator == "ge":
        return bool(values.get(parts[0], 0) >= parts[1])
    if operator == "eq":
        return bool(values.get(parts[0], 0) == parts[1])
    held = [_holds(it, values) for it in parts]
    return {"not": not held[0], "and": all(held), "or": any(held)}[operator]


def _values(image: Image, **given: int | str) -> dict[int, int]:
    values = {}
    for number, feature in enumerate(image.features):
        value = given.get(feature.name.replace(".", "_").split("(")[0], 0)
        if isinstance(value, str):
            value = feature.values.index(value) + 1 if value in feature.values else 0
        values[number] = value
    return values


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ("confidence >= 80%", {"confidence": 8000}, {"confidence": 7999}),
        ("confidence > 80%", {"confidence": 8001}, {"confidence": 8000}),
        ("confidence <= 99.5%", {"confidence": 9950}, {"confidence": 9951}),
        ("confidence < 1%", {"confidence": 99}, {"confidence": 100}),
        ("confidence between 10% and 20%", {"confidence": 2000}, {"confidence": 2001}),
        ("severity >= high", {"severity": 3}, {"severity": 2}),
        ("severity is none", {}, {"severity": 1}),
        ("profile.action >= review", {"profile_action": 3}, {"profile_action": 2}),
        ("origin is retrieval", {"origin": "retrieval"}, {"origin": "user"}),
        ("origin in (tool, memory)", {"origin": "memory"}, {"origin": "user"}),
        ("origin not in (tool, memory)", {"origin": "user"}, {"origin": "tool"}),
        ("category is none", {}, {"category": "pii"}),
        ('role is "admin"', {"role": "admin"}, {}),
        ('role is not "admin"', {}, {"role": "admin"}),
        ("session.spend > 12.50 EUR", {"session_spend": 1251}, {"session_spend": 1250}),
        ("session.age >= 1.5 h", {"session_age": 5_400_000}, {"session_age": 5_399_999}),
        ("time.of_day between 09:00 and 17:00", {"time_of_day": 540}, {"time_of_day": 1020}),
        ("time.of_day between 22:00 and 06:00", {"time_of_day": 359}, {"time_of_day": 360}),
        ("time.of_day between 22:00 and 06:00", {"time_of_day": 1320}, {"time_of_day": 1319}),
        (
            "time.weekday between friday and monday",
            {"time_weekday": "sunday"},
            {"time_weekday": "tuesday"},
        ),
        ("approved implies degraded", {}, {"approved": 1}),
        ("not (approved or degraded)", {}, {"degraded": 1}),
        ("true and not false", {}, None),
        ("confidence >= 0%", {}, None),
        ("confidence > 100%", None, {"confidence": 10_000}),
        ('tool.argument("n") >= 5', {"tool_argument": 5}, {"tool_argument": 4}),
        ('fact("minor")', {"fact": 1}, {}),
    ],
)
def test_conditions_mean_what_they_say(
    condition: str, yes: dict[str, int | str] | None, no: dict[str, int | str] | None
) -> None:
    image = _compiled(f"rule r: block when {condition}").image
    if yes is not None:
        assert _holds(image.rules[0].when, _values(image, **yes))
    if no is not None:
        assert not _holds(image.rules[0].when, _values(image, **no))


def test_rules_stand_by_priority_then_the_graver_first_then_as_written() -> None:
    image = _compiled(
        "rule a priority 5: flag always\nrule b: review always\nrule c: block always\n"
        "rule d: block when approved unless degraded"
    ).image
    assert [it.id for it in image.rules] == ["c", "d", "b", "a"]
    assert [it.priority for it in image.rules] == [100, 100, 100, 5]
    when = image.rules[1].when
    numbers = {it.name: at for at, it in enumerate(image.features)}
    assert _holds(when, {numbers["approved"]: 1})
    assert not _holds(when, {numbers["approved"]: 1, numbers["degraded"]: 1})


def test_the_profile_speaks_where_no_rule_does_and_only_allow_goes_below_it() -> None:
    image = _compiled(
        "rule seen: flag when found(pii)\nrule known: allow when approved",
        "policy p version 1\ndefault profile\non error review\n",
    ).image
    assert (image.default, image.on_error) == (Action.ALLOW, Action.REVIEW)
    assert [it.id for it in image.rules][2:] == [
        *("profile-block", "profile-review", "profile-redact", "profile-flag")
    ]
    numbers = {it.name: at for at, it in enumerate(image.features)}

    def decided(**given: int) -> str:
        values = {numbers[name.replace("_", ".")]: it for name, it in given.items()}
        values[numbers["found(pii)"]] = 1
        return next((it.id for it in image.rules if _holds(it.when, values)), "")

    assert decided() == "seen"
    assert decided(profile_action=1) == "seen"
    assert decided(profile_action=4) == "profile-block"
    assert decided(profile_action=4, approved=1) == "known"


def test_patterns_and_texts_agree_with_each_other() -> None:
    image = _compiled(
        'rule a: block when tool.name is "send_mail" or tool.name is "read"\n'
        'rule b: flag when tool.name matches ("send_*", "x")'
    ).image
    assert [it.name for it in image.features] == [
        "tool.name",
        'tool.name matches "send_*"',
        'tool.name matches "x"',
    ]
    when = image.rules[1].when
    assert _holds(when, {0: 1})
    assert not _holds(when, {0: 2, 1: 1})
    assert _holds(when, {0: 0, 1: 1})
    assert _holds(when, {2: 1})


def test_what_follows_from_another_question_holds_wherever_that_does() -> None:
    image = _compiled(
        "rule a: block when found(secret) or degraded or any_origin(tool)\n"
        "rule b: review when confidence(jailbreak) >= 80%\n"
        "prove always block when found(secret.jwt) or found_count(secret) > 2\n"
        'prove always block when degraded("tier3") or origin is tool\n'
        "prove always review when confidence(jailbreak from tool) >= 80%"
    ).image
    numbers = {it.name: at for at, it in enumerate(image.features)}
    rules = {it.id: it.when for it in image.rules}
    told = {
        "found(secret)": 1,
        "found(secret.jwt)": 1,
        "found_count(secret)": 3,
        "degraded": 1,
        'degraded("tier3")': 1,
        "any_origin(tool)": 1,
        "origin": 4,
    }
    for name, value in told.items():
        assert _holds(rules["a"], {numbers[name]: value})
    assert not _holds(rules["a"], {numbers["origin"]: 3})
    for name in ("confidence(jailbreak)", "confidence(jailbreak from tool)"):
        assert _holds(rules["b"], {numbers[name]: 8_000})
        assert not _holds(rules["b"], {numbers[name]: 7_999})


def test_numbers_of_features_follow_from_the_text_alone() -> None:
    text = (
        'rule a: block when role in ("x", "y") and once role matches "x*"\nprove possible approved'
    )
    first, second = _compiled(text), _compiled(text)
    assert first.image.to_json() == second.image.to_json()
    assert [it.name for it in first.image.features] == [
        "role",
        'role matches "x*"',
        'once role matches "x*"',
        "approved",
    ]


def test_what_was_before_is_kept_in_features() -> None:
    image = _compiled(
        "rule a: block when earlier approved per user\n"
        "rule b: block when not degraded since approved counting attempts\n"
        "rule c: block when count(approved in 5 min per tenant) > 3\n"
        "rule d: block when once approved within 1 h\n"
        "rule e: block when previously degraded"
    ).image
    features = {it.name: it for it in image.features}
    approved, degraded = ("ge", 0, 1), ("ge", 3, 1)
    assert features["once approved per user"].history == ("since", ("tt",), approved)
    assert features["earlier approved per user"].history == ("previous", ("eq", 1, 1))
    assert features["earlier approved per user"].per is Scope.USER
    since = features["not degraded since approved counting attempts"]
    assert (since.history, since.attempts) == (("since", ("not", degraded), approved), True)
    counted = features["count(approved in 5 min)"]
    assert (counted.count, counted.most) == (Count(approved, 300_000), 4)
    assert counted.per is Scope.TENANT
    recent = features["once approved within 1 h"]
    assert (recent.count, recent.most) == (Count(approved, 3_600_000), 1)
    assert features["previously degraded"].history == ("previous", degraded)


def test_rates_become_rules_and_share_what_they_count() -> None:
    image = _compiled(
        "rule few priority 9: review what breaks at most 3 approved in 1 min per user"
        " unless degraded\n"
        "rule many: block what breaks at most 5 approved in 1 min per user"
    ).image
    assert image.temporal == ()
    counts = [it for it in image.features if it.count]
    assert [it.most for it in counts] == [5]
    number = image.features.index(counts[0])
    assert image.rules[0].when == ("and", ("ge", 0, 1), ("ge", number, 5))
    assert image.rules[1].priority == 9


def _satisfies(formula: object, trace: list[dict[int, int]]) -> bool:
    """Say what a formula means on a whole trace, event by event, without progression."""
    assert isinstance(formula, tuple)
    operator, *parts = formula
    rest = [trace[at:] for at in range(len(trace))]
    if operator == "atom":
        return bool(trace) and _holds(parts[0], trace[0])
    if operator == "until":
        first, second = parts
        return any(
            _satisfies(second, rest[at]) and all(_satisfies(first, it) for it in rest[:at])
            for at in range(len(trace))
        )
    if operator == "release":
        return not _satisfies(("until", *(("not", it) for it in parts)), trace)
    if operator in {"next", "wnext"}:
        return _satisfies(parts[0], trace[1:]) if trace[1:] else operator == "wnext"
    held = [_satisfies(it, trace) for it in parts]
    return {"tt": True, "ff": False}.get(
        operator,
        {"not": not (held or [True])[0], "and": all(held), "or": any(held)}.get(operator, False),
    )


@pytest.mark.parametrize(
    ("formula", "good", "bad"),
    [
        ("never a", ["", "b", "bb"], ["a", "ba"]),
        ("never a after b", ["ab", "(ab)", "b"], ["ba", "bcca", "(ab)a"]),
        ("never a after b until c", ["bca", "b(ac)", "ab", "bcaa"], ["ba", "bba", "bcba"]),
        ("never a before c", ["ca", "(ac)", "cba", "b"], ["a", "bac"]),
        ("every a is followed by b within 2 events", ["ab", "acb", "a", "ac"], ["acc", "accb"]),
        ("every a is followed by b within 1 event", ["ab", "a"], ["ac", "aab"]),
        ("always (a implies next b)", ["ab", "cab"], ["a", "ac"]),
        ("always (a implies weak next b)", ["ab", "a"], ["ac"]),
        ("eventually a", ["cca"], ["", "cc"]),
        ("a until b", ["b", "aab"], ["aa", "acb"]),
        ("a release b", ["bb", "b(ab)c"], ["a", "bc"]),
        ("always (last implies a)", ["a", "ca"], ["c", "ac"]),
        ("not (a and next b) or c", ["ca", "(ac)b"], ["ab"]),
    ],
)
def test_formulas_mean_what_they_say(formula: str, good: list[str], bad: list[str]) -> None:
    text = 'define a as fact("a")\ndefine b as fact("b")\ndefine c as fact("c")\n'
    image = _compiled(f"{text}rule r: block what breaks {formula}").image
    numbers = {it.name[6]: at for at, it in enumerate(image.features)}

    def trace(letters: str) -> list[dict[int, int]]:
        events: list[dict[int, int]] = []
        together = False
        for letter in letters:
            if letter in "()":
                together = letter == "("
                events += [{}] if together else []
            elif together:
                events[-1][numbers.get(letter, -1)] = 1
            else:
                events.append({numbers.get(letter, -1): 1})
        return events

    found = image.temporal[0].formula
    assert [it for it in good if not _satisfies(found, trace(it))] == []
    assert [it for it in bad if _satisfies(found, trace(it))] == []


def test_an_answer_within_a_time_is_owed_from_the_first_question() -> None:
    image = _compiled(
        "rule r: block what breaks every approved is followed by degraded within 10 s"
    ).image
    names = [it.name.partition(":")[0] for it in image.features]
    assert names == ["approved", "degraded", "waiting", "waited", "begun"]
    late = image.temporal[0].formula
    assert late[:2] == ("release", ("ff",))
    held = [
        _satisfies(late, [{3: waited, 1: answered, 4: begun}])
        for waited, answered, begun in ((1, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 0))
    ]
    assert held == [False, True, True, True]


def test_claims_of_every_kind() -> None:
    found = _compiled(
        "rule r: block when approved\nrule s: flag what breaks never degraded\n"
        "prove x: always block when approved unless degraded\nprove never allow or flag\n"
        "prove possible approved\nprove rule s can fire\nprove every rule can fire\n"
        "prove no conflict\nprove complete\nprove monotone in session.risk\n"
        "prove at most 3 approved in 1 min\nprove on every trace never degraded\n"
        'prove allows no more than "old"\nprove decides the same as "new"'
    ).properties
    assert [(it.id, it.kind) for it in found] == [
        ("x", PropertyKind.DECIDES),
        ("property-2", PropertyKind.DECIDES),
        ("property-3", PropertyKind.POSSIBLE),
        ("property-4", PropertyKind.LIVE),
        ("property-5/r", PropertyKind.LIVE),
        ("property-6", PropertyKind.NO_CONFLICT),
        ("property-7", PropertyKind.COMPLETE),
        ("property-8", PropertyKind.MONOTONE),
        ("property-9", PropertyKind.RATE),
        ("property-10", PropertyKind.TEMPORAL),
        ("property-11", PropertyKind.REFINES),
        ("property-12", PropertyKind.EQUIVALENT),
    ]
    assert found[0].text == "always block when approved unless degraded"
    assert found[1].actions == (Action.REDACT, Action.REVIEW, Action.BLOCK)
    assert (found[8].most, found[8].window_ms) == (3, 60_000)


class _Memory:
    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def include(self, path: str) -> str:
        if path not in self._texts:
            raise LookupError(f"`{path}` is not there")
        return self._texts[path]

    template = include

    def templates(self) -> tuple[str, ...]:
        return tuple(self._texts)


def test_includes_and_templates_are_put_in() -> None:
    sources = _Memory(
        common='define sensitive tool as tool.name in ("shell")\nrule inner: flag when approved',
        limit='template limit\nparameter most = 5\nparameter tools = ("x")\nparameter who = tool\n'
        "define hot as tool.name in $tools and any_origin($who)\n"
        "rule rate: block what breaks at most $most hot in 1 h\n"
        "prove r: rule rate can fire",
    )
    text = (
        'include "common"\nuse limit\n'
        'use limit as hr with most = 2, tools = ("a", "b"), who = user\n'
        "rule last-one: block when sensitive tool"
    )
    compiled = compile_source(HEAD + text, sources=sources)
    assert [it.id for it in compiled.image.rules] == ["rate", "hr.rate", "last-one", "inner"]
    assert [it.id for it in compiled.properties] == ["r", "hr.r"]
    tools = next(it for it in compiled.image.features if it.name == "tool.name")
    assert set(tools.values) == {"shell", "x", "a", "b"}
    assert {it.name for it in compiled.image.features if it.name.startswith("any")} == {
        "any_origin(tool)",
        "any_origin(user)",
    }
    assert sorted(it.most for it in compiled.image.features if it.count) == [2, 5]


@pytest.mark.parametrize(
    ("pattern", "text", "is_fit"),
    [
        ("send_*", "Send_Mail", True),
        ("*@example.org", "a@EXAMPLE.org", True),
        ("*@example.org", "a@example.org.evil", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("**a**", "xxaxx", True),
        ("", "", True),
        ("", "x", False),
        ("*", "", True),
        ("a\\", "a\\", True),
    ],
)
def test_patterns_fit_whole_texts(pattern: str, text: str, *, is_fit: bool) -> None:
    assert fits(pattern, text) is is_fit


def test_patterns_are_fitted_in_bounded_time() -> None:
    assert not fits("*a" * 200 + "b", "a" * 2_000)
    signs = literal("*?\\")
    assert fits(f"*{signs}*", "x*?\\y")
    assert not fits(signs, "xy\\")
