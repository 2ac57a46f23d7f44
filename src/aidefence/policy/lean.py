"""A policy and what is claimed about it in words of Lean, over the definitions of our theory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aidefence.domain.enums import Action
from aidefence.domain.policies import PropertyKind
from aidefence.policy.conditions import TRUE, Cond
from aidefence.policy.image import Feature, Image
from aidefence.policy.properties import Property

_LET_THROUGH = (Action.ALLOW, Action.FLAG, Action.REDACT)


def write_lean(image: Image, claims: Sequence[Property]) -> str:
    """Write the rules of a policy as definitions, and each claim about them as a proposition.

    What is remembered of earlier events is a feature like others here; temporal rules and claims
    about traces stay in words.
    """
    return "\n".join(_lines(image, claims)) + "\n"


def _lines(image: Image, claims: Sequence[Property]) -> Iterator[str]:
    yield f"/- policy {_remark(image.id)}, version {image.version}, digest {image.digest} -/"
    yield "namespace AIDefence.Policies"
    yield ""
    yield "def domain : Path := ["
    for number, feature in enumerate(image.features):
        last = number == len(image.features) - 1
        yield f"  ⟨{number}, {feature.most + 1}, false⟩{'' if last else ','}  -- {_told(feature)}"
    yield "]"
    yield ""
    yield "def rules : List Rule := ["
    for number, rule in enumerate(image.rules, 1):
        comma = "" if number == len(image.rules) else ","
        condition = _condition(rule.when)
        yield (
            f"  ⟨{number}, {rule.priority}, .{rule.action.value}, {condition}⟩{comma}"
            f"  -- {_remark(rule.id)}"
        )
    yield "]"
    yield ""
    yield f"def policy : Policy := ⟨rules, .{image.default.value}⟩"
    for temporal in image.temporal:
        yield ""
        yield f"/- temporal rule {_remark(temporal.id)}: {_remark(temporal.reason)} -/"
    for number, claim in enumerate(claims, 1):
        yield ""
        yield f"/- claim {_remark(claim.id)}: {_remark(claim.text)} -/"
        stated = _stated(image, claim)
        if stated:
            yield f"def claim_{number} : Prop := {stated}"
    yield ""
    yield "end AIDefence.Policies"


def _stated(image: Image, claim: Property) -> str:  # noqa: PLR0911 -- one kind, one form
    when = _condition(claim.when or TRUE)
    for_all = "∀ r : Request, Sat r domain →"
    match claim.kind:
        case PropertyKind.DECIDES:
            return f"{for_all} {when}.eval r = true → {_one_of(claim.actions)}"
        case PropertyKind.POSSIBLE:
            let_through = _one_of(_LET_THROUGH)
            return f"∃ r : Request, Sat r domain ∧ {when}.eval r = true ∧ {let_through}"
        case PropertyKind.LIVE:
            names = [it.id for it in image.rules]
            if claim.rule not in names:
                return ""
            number = names.index(claim.rule) + 1
            return f"∃ r : Request, Sat r domain ∧ decidedBy rules r = {number}"
        case PropertyKind.NO_CONFLICT:
            return "NoConflict domain rules"
        case PropertyKind.COMPLETE:
            return f"{for_all} ∃ m ∈ rules, m.cond.eval r = true"
        case PropertyKind.MONOTONE:
            other = f"∀ v, v ≠ {claim.feature} → r v = s v"
            raised = f"r {claim.feature} ≤ s {claim.feature}"
            return f"∀ r s : Request, ({other}) → {raised} → eval policy r ≤ eval policy s"
        case _:
            return ""


def _one_of(actions: Sequence[Action]) -> str:
    if not actions:
        return "False"
    either = " \N{LOGICAL OR} "
    return "(" + either.join(f"eval policy r = .{it.value}" for it in actions) + ")"


def _condition(when: Cond) -> str:
    kind, *parts = when
    if not parts:
        return f"Cond.{kind}"
    told = [_condition(it) if isinstance(it, tuple) else str(it) for it in parts]
    return f"(Cond.{kind} {' '.join(told)})"


def _told(feature: Feature) -> str:
    values = ", ".join(f"{at} {_remark(it)}" for at, it in enumerate(feature.values, 1))
    return _remark(feature.name) + (f": {values}" if values else "")


def _remark(text: str) -> str:
    """Keep a text inside a remark of one line."""
    return " ".join(text.split()).replace("-/", "- /").replace("/-", "/ -")
