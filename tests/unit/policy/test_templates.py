"""Each template decides what its tests say, and what it claims holds."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import chain
from pathlib import Path

import pytest

from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import PolicyError
from aidefence.domain.policies import PropertyKind
from aidefence.engine import PolicySet
from aidefence.policy.compiling import compile_source
from aidefence.policy.facts import values_of_facts
from aidefence.policy.formatting import format_source
from aidefence.policy.image import Image, PolicyRule
from aidefence.policy.parsing import parse
from aidefence.policy.properties import Property
from aidefence.policy.templates import instantiate, template, templates
from aidefence.proof import Budget, Outcome, Proved, Searched
from aidefence.proof.deciding import decide

_NAMES = [it.name for it in templates()]
_CLAIMS = {
    *(PropertyKind.DECIDES, PropertyKind.RATE, PropertyKind.TEMPORAL),
    *(PropertyKind.MONOTONE, PropertyKind.COMPLETE, PropertyKind.NO_CONFLICT),
}
"""What is claimed of all requests, not that some request is possible."""
_MUTANT = 'rule mutant priority 1:\n    allow when fact("mutant") is present\n'
_GRAVE = {"review", "block", "redact", "flag"}


def test_there_are_enough_of_them() -> None:
    assert len(_NAMES) >= 20


@pytest.mark.parametrize("name", _NAMES)
def test_it_decides_what_its_tests_say(name: str) -> None:
    top = tomllib.loads(_text(f"{name}.toml"))
    image = compile_source(top["source"]).image
    evaluator = PolicySet.load(image.to_json())
    decided = set()
    for trial in top["test"]:
        state = None
        for step in trial.get("events", [trial]):
            values = values_of_facts(image.features, step["request"])
            code, held, broken, state, _ = evaluator.decide(values, state, 0)
            action = ACTIONS[code]
            spoke = [image.rules[at] for at in held[:1] if image.rules[at].action is action]
            told = {it.id: it.reason for it in spoke}
            told |= {image.temporal[at].id: image.temporal[at].reason for at in broken}
            assert action == step["decision"], trial["name"]
            rule = step.get("rule")
            assert rule is None or step["reason"] == told[rule], trial["name"]
            decided.add(action.value)
    assert decided & _GRAVE, "no test says what it must decide"
    assert "allow" in decided, "no test says what it must spare"


@pytest.mark.parametrize("name", _NAMES)
def test_every_rule_of_it_is_tried(name: str) -> None:
    top = tomllib.loads(_text(f"{name}.toml"))
    steps = chain.from_iterable(it.get("events", [it]) for it in top["test"])
    assert {it["rule"] for it in steps if "rule" in it} >= set(template(name).rules)


@pytest.mark.parametrize("name", _NAMES)
def test_what_it_claims_holds(name: str) -> None:
    compiled = compile_source(_alone(name))
    assert compiled.properties, "it claims nothing"
    outcomes = _decided(compiled.image, compiled.properties)
    assert [it for it in outcomes if not isinstance(it, Proved | Searched)] == []
    # What some request shows was found; what is said of all of them is proved.
    claims = zip(compiled.properties, outcomes, strict=True)
    assert all(isinstance(it, Proved) for claim, it in claims if claim.kind in _CLAIMS)


@pytest.mark.parametrize("name", _NAMES)
def test_a_broken_rule_breaks_a_claim(name: str) -> None:
    """Without one of its rules, with an exception from it or a milder action, a claim fails."""
    compiled = compile_source(_alone(name) + _MUTANT)
    image = compiled.image
    claims = [it for it in compiled.properties if it.kind in _CLAIMS]
    for what, broken in _broken(image):
        outcomes = _decided(broken, claims)
        assert not all(isinstance(it, Proved | Searched) for it in outcomes), what


def _broken(image: Image) -> Iterator[tuple[str, Image]]:
    [mutant] = [it for it in image.rules if it.id == "mutant"]
    for at, rule in enumerate(image.rules):
        if rule is mutant:
            continue
        milder = Action.ALLOW if rule.action is Action.FLAG else Action.FLAG
        for what, changed in (
            ("without", replace(rule, when=("ff",))),
            ("except", replace(rule, when=("and", rule.when, ("not", mutant.when)))),
            ("milder", replace(rule, action=milder)),
        ):
            rules = sorted((*image.rules[:at], changed, *image.rules[at + 1 :]), key=_place)
            yield f"{what} {rule.id}", replace(image, rules=tuple(rules))
    for at, formula in enumerate(image.temporal):
        kept = (*image.temporal[:at], *image.temporal[at + 1 :])
        yield f"without {formula.id}", replace(image, temporal=kept)


def _place(rule: PolicyRule) -> int:
    return -rule.key


def _decided(image: Image, claims: Sequence[Property]) -> tuple[Outcome, ...]:
    budget = Budget(property_ms=20_000)
    return decide(image, claims, load=PolicySet.load, budget=budget, against={})


@pytest.mark.parametrize("name", _NAMES)
def test_it_is_written_in_the_one_layout_and_says_what_it_is_for(name: str) -> None:
    found = template(name)
    assert format_source(parse(found.text)) == found.text
    assert found.about.endswith(".")
    assert compile_source(instantiate(name, {})).image.id == name


def test_all_of_them_go_together() -> None:
    uses = "\n".join(f"use {name} as {name}" for name in _NAMES)
    image = compile_source(f"policy all version 1\ndefault allow\non error block\n{uses}\n").image
    assert len(image.rules) >= len(_NAMES)


def test_settings_are_set_and_nothing_else() -> None:
    assert "approve_above = 50.00 USD" in instantiate("payment-limit", {"approve_above": "$50"})
    for settings, message in (
        ({"aprove_above": "$50"}, "did you mean `approve_above`"),
        ({"approve_above": "50%"}, "cannot be set"),
        ({"payments": "1\nrule x: allow always"}, "more than a value"),
        ({"payments": "1, refuse_above = $9"}, "more than a value"),
    ):
        with pytest.raises(PolicyError, match=message):
            instantiate("payment-limit", settings)
    with pytest.raises(PolicyError, match="did you mean `payment-limit`"):
        template("payment-limits")


def test_the_page_lists_them_all(root: Path) -> None:
    page = (root / "docs/policy-templates.md").read_text("utf-8")
    for it in templates():
        settings = ", ".join(f"`{one.name} = {one.value}`" for one in it.settings) or "none"
        assert f"| `{it.name}` | {it.about} | {settings} |" in page
    assert page.count("\n| `") == len(_NAMES)


def _alone(name: str) -> str:
    return f"policy alone version 1\ndefault allow\non error block\nuse {name}\n"


def _text(name: str) -> str:
    return (files("aidefence") / "policies" / name).read_text("utf-8")
