"""The compiled evaluator against a plain one, against Z3 and against Cedar: they never disagree.

`POLICY_PAIRS` says how many made policies are run, each with a trace; CI runs 100,000.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import cedarpy
import pytest
import z3
from tests.differential.policy_images import formula, make_image, make_trace, spelled
from tests.differential.policy_oracle import Oracle, frozen, meets, satisfies, step

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ImageError
from aidefence.engine import PolicyMissed, PolicySet, PolicySets
from aidefence.policy.cedar import QUESTIONS, context_of, decision_of, to_cedar
from aidefence.policy.image import Image

PAIRS = int(os.environ.get("POLICY_PAIRS", "1500"))
EVENTS = 12


def test_the_engine_decides_as_the_oracle() -> None:
    """Actions, rules, formulas and the value of each feature, event for event."""
    violated = counted = 0
    for seed in range(PAIRS):
        dice = Random(seed)
        image = make_image(dice)
        data = spelled(image)
        policy, oracle = PolicySet.load(data), Oracle.load(data)
        state, bytes_ = oracle.start(), None
        for values, now_ms in make_trace(dice, image, EVENTS):
            extended = oracle.extend(values, state, now_ms)
            assert policy.extended(values, bytes_, now_ms) == extended, seed
            *decided, bytes_, missed = policy.decide(values, bytes_, now_ms)
            assert tuple(decided) == oracle.decide(values, state, now_ms), seed
            assert missed == 0, seed
            violated += bool(decided[2])
            counted += any(extended[at] for at, it in enumerate(image["features"]) if "count" in it)
    # Nothing is compared where nothing happens.
    assert violated > PAIRS
    assert counted > PAIRS // 3


def test_several_decide_as_each_alone_where_nothing_is_remembered() -> None:
    """The gravest of all, and each explains itself."""
    for seed in range(PAIRS // 4):
        dice = Random(seed)
        images = [_stateless(dice) | {"id": f"p{at}"} for at in range(3)]
        policies = [PolicySet.load(spelled(it)) for it in images]
        together = PolicySets(policies)
        shared = [dice.randint(0, most) for _, most, _ in together.features]
        places = {it: at for at, it in enumerate(together.features)}
        action, spoken, after = together.decide(shared, (None, None, None), 0)
        assert after == (None, None, None)
        alone = []
        for at, (image, policy) in enumerate(zip(images, policies, strict=True)):
            keys = [
                (it["name"], it["most"], tuple(it.get("values", ()))) for it in image["features"]
            ]
            code, held, violated, _, missed = policy.decide(
                [shared[places[it]] for it in keys], None, 0
            )
            if code or held:
                alone.append((at, code, held, violated, missed))
        assert spoken == alone, seed
        assert action == max((it[1] for it in alone), default=0), seed


def test_what_is_left_of_a_formula_says_what_the_formula_says() -> None:
    """The oracle's own steps against the meaning of formulas by positions, whatever follows."""
    features = [{"name": f"f{at}", "most": 1} for at in range(3)]
    for seed in range(PAIRS):
        dice = Random(seed)
        made = frozen(formula(dice, features, 3, 4))
        trace = [[dice.randint(0, 1) for _ in features] for _ in range(dice.randint(0, 6))]
        at = dice.randint(0, len(trace))
        left = made
        for event in trace[:at]:
            left = step(left, event)
        assert satisfies(made, trace) == satisfies(left, trace[at:]), seed


def test_z3_decides_as_the_engine() -> None:
    """A policy without memory as a term of Z3, looked at in a model of the request."""
    for seed in range(PAIRS // 5):
        dice = Random(seed)
        image = _stateless(dice)
        policy = PolicySet.load(spelled(image))
        features = [z3.Int(f"f{at}") for at in range(len(image["features"]))]
        term: Any = z3.IntVal(image["default"])
        for rule in reversed(image["rules"]):
            term = z3.If(_z3(rule["when"], features), rule["action"], term)
        for _ in range(3):
            values = [dice.randint(0, it["most"]) for it in image["features"]]
            solver = z3.Solver()
            solver.add(*(it == value for it, value in zip(features, values, strict=True)))
            assert solver.check() == z3.sat
            said = solver.model().eval(term, model_completion=True).as_long()
            assert said == policy.decide(values, None, 0)[0], seed


def test_cedar_decides_as_the_engine() -> None:
    """The same policy, written as Cedar and decided by its own engine."""
    asked = 0
    for seed in range(PAIRS // 10):
        dice = Random(seed)
        image = Image.from_json(spelled(_stateless(dice)))
        policy = PolicySet.load(image.to_json())
        try:
            text = to_cedar(image).policies
        except ImageError:
            continue
        for _ in range(3):
            values = [dice.randint(0, it.most) for it in image.features]
            requests = [
                {
                    "principal": 'Session::"s"',
                    "action": f'Action::"{question}"',
                    "resource": 'Event::"e"',
                    "context": context_of(image, values),
                }
                for question in QUESTIONS.values()
            ]
            answers = cedarpy.is_authorized_batch(requests, text, [])
            assert not any(it.diagnostics.errors for it in answers), seed
            questions = zip(QUESTIONS.values(), answers, strict=True)
            said = decision_of([question for question, answer in questions if answer.allowed])
            assert said is ACTIONS[policy.decide(values, None, 0)[0]], seed
            asked += 1
    assert asked > PAIRS // 10


def test_explanations_decide() -> None:
    """With the comparisons that are told, the rest may be anything: the rule still holds."""
    for seed in range(PAIRS // 5):
        dice = Random(seed)
        image = _stateless(dice)
        policy = PolicySet.load(spelled(image))
        values = [dice.randint(0, it["most"]) for it in image["features"]]
        for which, rule in enumerate(image["rules"]):
            told = {it.feature for it in policy.decided_by(which, values)}
            others = [
                value if at in told else dice.randint(0, image["features"][at]["most"])
                for at, value in enumerate(values)
            ]
            assert meets(rule["when"], others) == meets(rule["when"], values), seed


@pytest.mark.parametrize("seed", [487, 1161])
def test_a_formula_that_grows_for_ever_is_given_up(seed: int) -> None:
    """The state stays bounded, `on_error` speaks, and the answer says why."""
    dice = Random(seed)
    features = [{"name": f"f{at}", "most": 1} for at in range(4)]
    grown = {"id": "t", "action": 1, "reason": ""}
    grown["formula"] = ["release", ["ff"], formula(dice, features, 4, 9)]
    image = {"v": 1, "id": "x", "version": 1, "features": features, "rules": [], "default": 0}
    policy = PolicySet.load(spelled(image | {"on_error": 4, "temporal": [grown]}))
    state, missed = None, []
    for now_ms in range(60):
        values = [dice.randint(0, 1) for _ in features]
        action, _, _, state, bits = policy.decide(values, state, now_ms)
        assert (bits == PolicyMissed.FORMULA_TOO_LARGE) == (action == Action.BLOCK.code)
        assert len(state) < 1 << 15
        missed.append(bits)
    assert PolicyMissed.FORMULA_TOO_LARGE in missed


@pytest.mark.parametrize("values", [[], [10**30, -(10**30)], [1] * 500, (1, 2)])
def test_any_numbers_are_values(values: list[int]) -> None:
    """What is missing is 0, what is out of bounds the nearest bound."""
    data = spelled(make_image(Random(7)))
    policy, oracle = PolicySet.load(data), Oracle.load(data)
    assert policy.extended(values, None, 0) == oracle.extend(list(values), oracle.start(), 0)


def _stateless(dice: Random) -> dict[str, Any]:
    while True:
        made = make_image(dice)
        if not any("history" in it or "count" in it for it in made["features"]):
            return made | {"temporal": []}


def _z3(cond: list[Any], features: list[Any]) -> Any:
    match cond:
        case ["tt"] | ["ff"]:
            return z3.BoolVal(cond[0] == "tt")
        case ["ge", feature, least]:
            return features[feature] >= least
        case ["eq", feature, value]:
            return features[feature] == value
        case ["not", part]:
            return z3.Not(_z3(part, features))
    parts = [_z3(it, features) for it in cond[1:]]
    return z3.And(*parts) if cond[0] == "and" else z3.Or(*parts)
