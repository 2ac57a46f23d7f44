"""Policies at work: how long a decision takes, and that a plain evaluator decides the same."""

from __future__ import annotations

import time
from random import Random
from statistics import median
from typing import Any

from tests.differential.policy_images import make_image, make_trace, spelled
from tests.differential.policy_oracle import Oracle

from aidefence.engine import PolicySet, PolicySets
from bench.record import Outcome

_PAIRS = 100_000
_EVENTS = 6
_REPEATS = 2_000
_SEED = 20261123
_OWN = 8


def measure() -> Outcome:
    """Decide by 1,000 rules, and by 100 policies of which 20 look at what was before."""
    pairs, disagreements = _compared()
    rules, many = _rules_us(), _policies_us()
    return Outcome(
        f"1,000 rules of three comparisons over 40 features, of which six are not 0; 100 policies "
        f"of ten rules over {_OWN} features, 20 of them with a formula; {_PAIRS} generated "
        f"policies, each with a trace of {_EVENTS} events; median of {_REPEATS}",
        _REPEATS,
        {
            "us_rules_1000": rules,
            "us_policies_100": many,
            "pairs": pairs,
            "disagreements": disagreements,
        },
    )


def _rules_us() -> float:
    dice = Random(_SEED)
    features = _features(40)
    rules = [_rule(dice, at, 40) for at in range(1_000)]
    policy = PolicySet.load(spelled(_image("rules", features, rules, [])))
    requests = [_values(dice, 40) for _ in range(64)]
    return _median_us(lambda at: policy.decide(requests[at % 64], None, 0))


def _policies_us() -> float:
    dice = Random(_SEED)
    features = _features(40)
    policies = []
    for at in range(100):
        # A policy asks about a few things, and some of them other policies ask about as well.
        own = dice.sample(features, _OWN)
        rules = [_rule(dice, rule, _OWN) for rule in range(10)]
        duty = ["or", ["not", ["atom", ["eq", 0, 1]]], ["wnext", _never(1)]]
        formula = {"id": "t", "action": 4, "reason": "", "formula": ["release", ["ff"], duty]}
        temporal = [formula] if at < 20 else []
        policies.append(PolicySet.load(spelled(_image(f"p{at}", own, rules, temporal))))
    sets = PolicySets(policies)
    requests = [_values(dice, len(sets.features)) for _ in range(64)]
    # As a session stands after some events.
    states: Any = (None, None, None)
    for at in range(8):
        after = sets.decide(requests[at], states, at)[2]
        states = tuple(new or old for new, old in zip(after, states, strict=True))
    return _median_us(lambda at: sets.decide(requests[at % 64], states, 9))


def _never(feature: int) -> list[Any]:
    return ["release", ["ff"], ["not", ["atom", ["eq", feature, 7]]]]


def _median_us(decide: Any) -> float:  # noqa: ANN401 -- any of two methods
    times = []
    for at in range(_REPEATS):
        begun_ns = time.perf_counter_ns()
        decide(at)
        times.append(time.perf_counter_ns() - begun_ns)
    return round(median(times) / 1_000, 2)


def _features(count: int) -> list[dict[str, Any]]:
    return [{"name": f"f{at}", "most": 10_000} for at in range(count)]


def _rule(dice: Random, at: int, features: int) -> dict[str, Any]:
    one, other, third = dice.sample(range(features), 3)
    least = ["ge", other, dice.randint(1, 10_000)]
    part = ["or", least, ["not", ["eq", third, dice.randint(0, 9)]]]
    when = ["and", ["eq", one, dice.randint(1, 20)], part]
    action = dice.randint(1, 4)
    return {"id": f"r{at}", "priority": 0, "action": action, "when": when, "reason": ""}


def _values(dice: Random, count: int) -> list[int]:
    values = [0] * count
    for at in dice.sample(range(count), 6):
        values[at] = dice.choice((dice.randint(1, 20), dice.randint(1, 10_000)))
    return values


def _image(
    name: str,
    features: list[dict[str, Any]],
    rules: list[dict[str, Any]],
    temporal: list[dict[str, Any]],
) -> dict[str, Any]:
    ordered = sorted(rules, key=lambda it: -int(it["action"]))
    image = {"v": 1, "id": name, "version": 1, "features": features, "rules": ordered}
    return image | {"default": 0, "on_error": 4, "temporal": temporal}


def _compared() -> tuple[int, int]:
    disagreements = 0
    for seed in range(_PAIRS):
        dice = Random(_SEED + seed)
        image = make_image(dice)
        data = spelled(image)
        policy, oracle = PolicySet.load(data), Oracle.load(data)
        known, state = oracle.start(), None
        for values, now_ms in make_trace(dice, image, _EVENTS):
            *decided, state, _ = policy.decide(values, state, now_ms)
            disagreements += tuple(decided) != oracle.decide(values, known, now_ms)
    return _PAIRS, disagreements
