"""What is decided about small policies is what asking them everything says."""

from __future__ import annotations

from itertools import pairwise, product
from random import Random

import pytest
from tests.differential.policy_oracle import meets, step

from aidefence.domain.enums import ACTIONS
from aidefence.domain.policies import PropertyKind
from aidefence.engine import PolicySet
from aidefence.policy.compiling import compile_source
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.proof.budget import Budget
from aidefence.proof.deciding import decide
from aidefence.proof.outcomes import Outcome, Proved, Refuted, Searched, Undecided
from aidefence.proof.replaying import REFUSED

from .drawn import condition, formula, image, requests


def _one(policy: Image, claim: Property, **against: Image) -> Outcome:
    budget = Budget(property_ms=20_000)
    return decide(policy, [claim], load=PolicySet.load, budget=budget, against=against)[0]


def _claim(kind: PropertyKind, **fields: object) -> Property:
    return Property("claim", "a claim", kind, **fields)  # type: ignore[arg-type]


def _is_true(outcome: Outcome) -> bool:
    assert not isinstance(outcome, Undecided), outcome.reason
    return isinstance(outcome, Proved | Searched)


@pytest.mark.parametrize("seed", range(150))
def test_stateless_claims_are_decided_as_asking_every_request_says(seed: int) -> None:
    dice = Random(seed)
    policy = image(dice)
    when = condition(dice, policy.features)
    actions = tuple(it for it in ACTIONS if dice.random() < 0.5)
    evaluator = PolicySet.load(policy.to_json())
    decided = {it: evaluator.decide(it, None, 0) for it in requests(policy)}
    inside = [it for it in decided if meets(when, it)]

    truth = all(ACTIONS[decided[it][0]] in actions for it in inside)
    claim = _claim(PropertyKind.DECIDES, when=when, actions=actions)
    assert _is_true(_one(policy, claim)) is truth

    truth = any(decided[it][0] < REFUSED for it in inside)
    assert _is_true(_one(policy, _claim(PropertyKind.POSSIBLE, when=when))) is truth

    truth = all(decided[it][1] for it in decided)
    assert _is_true(_one(policy, _claim(PropertyKind.COMPLETE))) is truth

    for at, rule in enumerate(policy.rules):
        truth = any(it[1][:1] == [at] for it in decided.values())
        assert _is_true(_one(policy, _claim(PropertyKind.LIVE, rule=rule.id))) is truth

    held = [[policy.rules[at] for at in it[1]] for it in decided.values()]
    truth = all(
        one.priority != other.priority or one.action is other.action
        for rules in held
        for one, other in product(rules, rules)
    )
    assert _is_true(_one(policy, _claim(PropertyKind.NO_CONFLICT))) is truth

    for feature, it in enumerate(policy.features):
        raised = (
            [(*r[:feature], value, *r[feature + 1 :]) for value in range(it.most + 1)]
            for r in decided
        )
        truth = all(decided[a][0] <= decided[b][0] for r in raised for a, b in pairwise(r))
        assert _is_true(_one(policy, _claim(PropertyKind.MONOTONE, feature=feature))) is truth


@pytest.mark.parametrize("seed", range(150))
def test_policies_are_compared_as_asking_both_says(seed: int) -> None:
    dice = Random(seed)
    ours, theirs = image(dice), image(dice, name="other")
    if seed % 3 == 0:
        theirs = Image("other", 1, ours.features, ours.rules[1:], ours.default)
    pairs = [
        tuple(PolicySet.load(p.to_json()).decide(it, None, 0)[0] for p in (ours, theirs))
        for it in requests(ours)
    ]
    refining = _one(ours, _claim(PropertyKind.REFINES, than="other"), other=theirs)
    assert _is_true(refining) is all(a >= b for a, b in pairs)
    alike = _one(ours, _claim(PropertyKind.EQUIVALENT, than="other"), other=theirs)
    assert _is_true(alike) is all(a == b for a, b in pairs)


@pytest.mark.parametrize("seed", range(120))
def test_nothing_is_held_that_a_short_trace_breaks(seed: int) -> None:
    dice = Random(seed)
    policy = image(dice, remembers=True)
    when = condition(dice, policy.features)
    actions = ACTIONS[dice.randint(1, 4) :]
    safe = formula(dice, policy.features)
    decides = _one(policy, _claim(PropertyKind.DECIDES, when=when, actions=actions))
    holds_always = _one(policy, _claim(PropertyKind.TEMPORAL, formula=safe))
    evaluator = PolicySet.load(policy.to_json())
    broken_decision = broken_trace = False
    for events in product(requests(policy)[:: dice.randint(1, 3)], repeat=2):
        state, monitor = None, safe
        for at, event in enumerate(events):
            full = evaluator.extended(event, state, at)
            action, _, _, state, _ = evaluator.decide(event, state, at)
            broken_decision |= meets(when, full) and ACTIONS[action] not in actions
            if action < REFUSED:
                monitor = step(monitor, full)
                broken_trace |= monitor == ("ff",)
    if broken_decision:
        assert isinstance(decides, Refuted), decides
    if broken_trace:
        assert isinstance(holds_always, Refuted), holds_always
    for outcome in (decides, holds_always):
        if isinstance(outcome, Undecided):
            assert "is not what the evaluator does" not in outcome.reason


def test_a_rate_that_a_rule_above_lets_through_is_answered_with_requests() -> None:
    compiled = compile_source(
        "policy calls version 1\ndefault allow\non error block\n"
        'rule rate priority 900: block what breaks at most 5 fact("call") in 1 min\n'
        'rule guests priority 910: redact when role is "guest" and fact("seen")\n'
        'prove some: at most 5 fact("call") in 1 min\n'
    )
    [claim] = compiled.properties
    outcome = _one(compiled.image, claim)
    assert isinstance(outcome, Refuted), outcome
    events = outcome.counterexample.events
    assert len(events) == 6
    assert all(it.action < REFUSED for it in events)


def test_a_claim_on_traces_is_broken_by_two_events_where_the_policy_remembers_none() -> None:
    compiled = compile_source(
        "policy p version 1\ndefault allow\non error block\n"
        "prove apart: on every trace never direction is output after direction is input\n"
    )
    [claim] = compiled.properties
    outcome = _one(compiled.image, claim)
    assert isinstance(outcome, Refuted), outcome
    assert len(outcome.counterexample.events) == 2
