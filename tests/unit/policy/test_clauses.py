"""Policies as rows of comparisons decide as the evaluator does; what they cannot say is refused."""

import random
from collections.abc import Sequence

import pytest
from tests.differential.policy_images import make_image, spelled

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError
from aidefence.engine.policies import PolicySet
from aidefence.policy.clauses import LITERALS_MAX, SLOTS_MAX, Literal, literals_of, schema_of
from aidefence.policy.compiling import compile_source
from aidefence.policy.conditions import Cond
from aidefence.policy.image import Feature, Image, PolicyRule

_POLICIES = 1_000
_REQUESTS = 12


def test_literals_decide_as_the_evaluator_does() -> None:
    dice = random.Random(3)
    asked = 0
    decided: set[Action] = set()
    while asked < _POLICIES * _REQUESTS:
        image = _stateless(dice)
        evaluator, literals = PolicySet.load(image.to_json()), literals_of(image)
        for _ in range(_REQUESTS):
            values = [dice.choice((0, 1, it.most // 2, it.most)) for it in image.features]
            expected = ACTIONS[evaluator.decide(values, None, 0)[0]]
            assert _decide(literals, values) is expected, (image.to_json(), values)
            decided.add(expected)
            asked += 1
    assert decided == set(Action)


def test_a_policy_of_the_language_has_literals() -> None:
    source = """
    policy small version 1
    default profile
    on error block
    rule tools priority 200: block when tool.name not in ("read", "list") and not approved
    rule keys: review when found(secret) and (direction is output or tool.can(outward))
    """
    image = compile_source(source).image
    literals = literals_of(image)
    evaluator = PolicySet.load(image.to_json())
    dice = random.Random(5)
    for _ in range(500):
        values = [dice.randint(0, it.most) for it in image.features]
        assert _decide(literals, values) is ACTIONS[evaluator.decide(values, None, 0)[0]]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("block when once approved", "asks about earlier events"),
        ("block when count(approved in 1 h) >= 5", "counts earlier events"),
        ("block what breaks never approved after found(secret)", "more than one event"),
    ],
)
def test_what_remembers_is_refused_by_name(rule: str, told: str) -> None:
    source = f"policy p version 1\ndefault allow\non error block\nrule r: {rule}\n"
    with pytest.raises(ImageError, match=told):
        literals_of(compile_source(source).image)


def test_what_is_too_large_is_refused() -> None:
    many = tuple(Feature(f"f{at}", 1) for at in range(SLOTS_MAX + 1))
    with pytest.raises(ImageError, match="more than a proof holds"):
        literals_of(Image("p", 1, many, ()))
    pairs: Cond = ("or", ("ge", 0, 1), ("ge", 1, 1))
    for at in range(2, 40, 2):
        pairs = ("and", pairs, ("or", ("ge", at, 1), ("ge", at + 1, 1)))
    rule = PolicyRule("r", 1, Action.BLOCK, pairs)
    with pytest.raises(ImageError, match=f"more than the {LITERALS_MAX} comparisons"):
        literals_of(Image("p", 1, many[:40], (rule,)))


def test_the_schema_names_features_and_their_values() -> None:
    image = Image("p", 1, (Feature("role", 2, ("admin", "guest")),), ())
    same = Image("q", 7, image.features, (), Action.BLOCK)
    other = Image("p", 1, (Feature("role", 2, ("guest", "admin")),), ())
    assert schema_of(image) == schema_of(same)
    assert schema_of(image) != schema_of(other)


def _stateless(dice: random.Random) -> Image:
    while True:
        drawn = make_image(dice)
        if not drawn["temporal"] and all("most" in it and len(it) <= 3 for it in drawn["features"]):
            image = Image.from_json(spelled(drawn))
            if all(it.is_raw for it in image.features):
                return image


def _decide(literals: Sequence[Literal], values: Sequence[int]) -> Action:
    """Decide as the page says: the first rule of which all literals of a clause hold."""
    rule: list[list[Literal]] = [[]]
    for it in literals:
        rule[-1].append(it)
        if it.ends_clause:
            rule.append([])
        if it.ends_rule:
            if any(all(_holds(one, values) for one in clause) for clause in rule[:-1]):
                return it.action
            rule = [[]]
    raise AssertionError("nothing decides")


def _holds(it: Literal, values: Sequence[int]) -> bool:
    value = values[it.feature] if values else 0
    return (value == it.value if it.is_equal else value >= it.value) is not it.is_negated
