"""The Cedar engine, asked about the exported policies, decides as the policy does."""

import random
from collections.abc import Sequence

import cedarpy
import pytest
from tests.differential.policy_oracle import meets

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError
from aidefence.policy import cedar
from aidefence.policy.conditions import VALUE_MAX, Cond
from aidefence.policy.image import Count, Feature, Image, PolicyRule, TemporalRule

_NAMES = ("confidence(jailbreak)", 'tool.argument("a\\b") matches "*"', "übel \N{SNOWMAN}", "role")
_STRINGS = ("", "admin", 'say "no"', "back\\slash", "Grüße \N{PILE OF POO}", "a*b", " ")


def test_every_grave_action_is_a_question() -> None:
    assert {Action.ALLOW, *cedar.QUESTIONS} == set(ACTIONS)


def test_cedar_decides_as_the_policy_does() -> None:
    dice = random.Random(7)
    asked = disagreed = 0
    decided: set[Action] = set()
    for _ in range(250):
        image = _image(dice)
        requests = [_values(dice, image) for _ in range(45)]
        expected = [_decision(image, it) for it in requests]
        asked += len(requests)
        decided |= set(expected)
        disagreed += sum(a is not b for a, b in zip(_ask(image, requests), expected, strict=True))
    assert asked >= 10_000
    assert decided == set(Action)
    assert disagreed == 0


def test_the_schema_accepts_what_is_exported() -> None:
    dice = random.Random(11)
    for _ in range(40):
        exported = cedar.to_cedar(_image(dice))
        found = cedarpy.validate_policies(exported.policies, exported.schema)
        assert found.validation_passed, (found.errors, exported.policies)


def test_an_exception_reads_as_one() -> None:
    rules = (
        PolicyRule("spare-admins", 200, Action.ALLOW, ("eq", 1, 1)),
        PolicyRule("no-jailbreaks", 100, Action.BLOCK, ("ge", 0, 8000), 'it says "ignore"'),
    )
    features = (Feature("confidence(jailbreak)", 10_000), Feature("role", 1, ("admin",)))
    text = cedar.to_cedar(Image("p", 1, features, rules)).policies
    assert (
        '@rule("no-jailbreaks")\n@reason("it says \\"ignore\\"")\n'
        'forbid (principal, action == Action::"unblocked", resource)\n'
        'when { context["confidence(jailbreak)"] >= 8000 }\n'
        'unless { context["role"] == "admin" };\n'
    ) in text


def test_what_cedar_cannot_say_is_named() -> None:
    payment: Cond = ("eq", 0, 1)
    features = (
        Feature("tool.can(payment)", 1),
        Feature("payments so far", 5, count=Count(payment, 3_600_000)),
    )
    rule = PolicyRule("few-payments", 1, Action.BLOCK, ("and", payment, ("ge", 1, 5)))
    temporal = TemporalRule("never-twice", Action.BLOCK, ("not", ("atom", payment)))
    exported = cedar.to_cedar(Image("p", 1, features, (rule,), temporal=(temporal,)))
    told = " ".join(exported.unsaid)
    assert "`payments so far`" in told
    assert "`never-twice`" in told
    assert "tool.can(payment)" not in told


def test_rules_that_take_turns_for_ever_are_refused() -> None:
    rules = tuple(
        PolicyRule(f"r{n}", 4000 - n, Action.BLOCK if n % 2 else Action.ALLOW, ("ge", 0, n + 1))
        for n in range(4000)
    )
    image = Image("p", 1, (Feature("text.length", 1_000_000),), rules)
    with pytest.raises(ImageError, match="clauses"):
        cedar.to_cedar(image)


# --- asking -------------------------------------------------------------------------------------


def _decision(image: Image, values: Sequence[int]) -> Action:
    return next((it.action for it in image.rules if meets(it.when, values)), image.default)


def _ask(image: Image, requests: Sequence[Sequence[int]]) -> list[Action]:
    exported = cedar.to_cedar(image)
    policies = cedarpy.PolicySet.from_str(exported.policies)
    asked = [
        {
            "principal": 'Principal::"p"',
            "resource": 'Resource::"r"',
            "action": f'Action::"{question}"',
            "context": cedar.context_of(image, values),
        }
        for values in requests
        for question in cedar.QUESTIONS.values()
    ]
    answers = cedarpy.is_authorized_batch(asked, policies, [])
    assert not any(it.diagnostics.errors for it in answers)
    names = list(cedar.QUESTIONS.values())
    return [
        cedar.decision_of(
            name
            for name, it in zip(names, answers[at : at + len(names)], strict=True)
            if it.allowed
        )
        for at in range(0, len(answers), len(names))
    ]


# --- generated -----------------------------------------------------------------------------------


def _image(dice: random.Random) -> Image:
    features = []
    for number in range(dice.randint(1, 6)):
        name = f"{dice.choice(_NAMES)} {number}"
        kind = dice.random()
        if kind < 0.4:
            features.append(Feature(name, dice.choice((1, 1, 4, 10_000, 2**31 - 1))))
        elif kind < 0.9:
            values = tuple(dice.sample(_STRINGS, dice.randint(1, len(_STRINGS))))
            features.append(Feature(name, len(values), values))
        else:
            features.append(Feature(name, 5, count=Count(("tt",), 1000)))
    rules = [
        PolicyRule(f"r{n}", dice.randint(0, 3), dice.choice(ACTIONS), _cond(dice, features, 4))
        for n in range(dice.randint(0, 8))
    ]
    rules.sort(key=lambda it: -it.key)
    return Image("p", 1, tuple(features), tuple(rules), default=dice.choice(ACTIONS))


def _cond(dice: random.Random, features: Sequence[Feature], depth: int) -> Cond:
    if depth and dice.random() < 0.6:
        operator = dice.choice(("and", "or", "not"))
        parts = [_cond(dice, features, depth - 1) for _ in range(1 if operator == "not" else 2)]
        return (operator, *parts)
    if dice.random() < 0.05:
        return (dice.choice(("tt", "ff")),)
    at = dice.randrange(len(features))
    return (dice.choice(("ge", "eq")), at, _value(dice, min(VALUE_MAX, features[at].most + 1)))


def _value(dice: random.Random, most: int) -> int:
    return dice.choice((0, 1, most, max(0, most - 1), dice.randint(0, most))) % (most + 1)


def _values(dice: random.Random, image: Image) -> list[int]:
    return [_value(dice, it.most) for it in image.features]
