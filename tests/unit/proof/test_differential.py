"""The evaluator that serves, the checker and known truths: three that must say the same."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from bench.policy_sets import draw

from aidefence.domain.enums import ACTIONS
from aidefence.engine.policies import PolicySet
from aidefence.knowledge.theory import Part
from aidefence.policy.compiling import compile_source
from aidefence.policy.image import Image
from aidefence.proof import Proved, Refuted, ground_of, prove
from aidefence.proof.delta import Delta
from aidefence.proof.proving import scope_of

from .drawn import image, requests


def _decided(policy: Image, asked: list[tuple[tuple[int, ...], int]]) -> bytes:
    """Theorems that the policy decides these requests so, each by computing it."""
    delta = Delta(ground_of(Part.RULES).theory, policy, {})
    terms, rules = delta._terms, delta._policy("")
    equal = terms.constant("Eq.refl", terms.one)
    for number, (values, code) in enumerate(asked):
        action = terms.ours(f"Action.{ACTIONS[code].value}")
        request = terms.apply(terms.ours("ofList"), delta._request(values))
        computed = terms.apply(equal, terms.ours("Action"), action)
        arguments = [rules.rules, rules.default, request, action, rules.is_sorted, computed]
        terms.conclude(f"{scope_of(policy)}.e{number}", "eval_of_run", arguments)
    return delta.text


@pytest.mark.parametrize("seed", range(60))
def test_the_checker_computes_what_the_evaluator_decides(seed: int) -> None:
    dice = Random(seed)
    policy = image(dice)
    evaluator, checker = PolicySet.load(policy.to_json()), ground_of(Part.RULES).checker
    asked = [(it, evaluator.decide(it, None, 0)[0]) for it in requests(policy)]
    assert len(asked) == 18
    assert checker.check(_decided(policy, asked), scope_of(policy)).accepted
    at = dice.randrange(len(asked))
    values, code = asked[at]
    false = [(values, (code + dice.randint(1, 4)) % len(ACTIONS))]
    assert not checker.check(_decided(policy, false), scope_of(policy)).accepted


@pytest.mark.parametrize("seed", range(40))
def test_what_is_true_is_proved_and_what_is_false_is_refuted(seed: int) -> None:
    drawn = draw(seed, rules=20 + seed % 30, claims=6, false_share=0.5)
    compiled = compile_source(drawn.text)
    outcomes = prove(compiled.image, compiled.properties, load=PolicySet.load).outcomes
    told = Counter((truth, type(it)) for truth, it in zip(drawn.truths, outcomes, strict=True))
    assert set(told) <= {(True, Proved), (False, Refuted)}, outcomes


@pytest.mark.parametrize("seed", range(30))
def test_after_an_edit_everything_is_proved_again_or_answered(seed: int) -> None:
    dice = Random(seed)
    lines = draw(seed, rules=20, claims=6).text.splitlines()
    rules = [at for at, it in enumerate(lines) if it.startswith("rule")]
    at = dice.choice(rules)
    if dice.random() < 0.5:
        del lines[at]
    else:
        lines[at] = lines[at].replace(": block when", ": flag when").replace("0%", "5%")
    kept = [it for it in lines if not it.startswith("prove") or "rule" not in it]
    compiled = compile_source("\n".join(kept) + "\n")
    outcomes = prove(compiled.image, compiled.properties, load=PolicySet.load).outcomes
    others = [it for it in outcomes if not isinstance(it, Proved | Refuted)]
    # A rate or a trace whose rule is gone is bounded by nothing: only its absence can be told.
    assert [it for it in others if it.property.kind.value not in ("rate", "temporal")] == []
