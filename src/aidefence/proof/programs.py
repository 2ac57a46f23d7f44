"""Writes policies as the theory has them: conditions, what is remembered, temporal rules."""

from __future__ import annotations

from aidefence.policy.conditions import Cond, Ltl
from aidefence.policy.image import Feature, Image
from aidefence.proof.conditions import Formula
from aidefence.proof.terms import Terms


def write_condition(terms: Terms, when: Formula) -> int:
    """Write a condition."""
    kind, *parts = when
    head = terms.ours(f"Cond.{kind}")
    if kind in ("ge", "eq"):
        return terms.apply(head, *(terms.number(it) for it in parts))
    return terms.apply(head, *(write_condition(terms, it) for it in parts))


def write_program(terms: Terms, image: Image, name: str, rules: int, default: int) -> int:
    """Define a whole policy: what it remembers, its rules, its temporal rules."""
    features = [_feature(terms, at, it) for at, it in enumerate(image.features) if not it.is_raw]
    action, formula = terms.ours("Action"), terms.ours("Ltl")
    pair = terms.apply(terms.constant("Prod.mk", 0, 0), action, formula)
    temporal = [
        terms.apply(pair, terms.ours(f"Action.{it.action.value}"), _formula(terms, it.formula))
        for it in image.temporal
    ]
    kind = terms.apply(terms.constant("Prod", 0, 0), action, formula)
    remembered = terms.list_of(terms.ours("Feat"), features)
    parts = [remembered, rules, default, terms.list_of(kind, temporal)]
    written = terms.apply(terms.ours("Program.mk"), *parts)
    return terms.define(name, terms.ours("Program"), written)


def _feature(terms: Terms, number: int, feature: Feature) -> int:
    rest = [terms.truth(feature.attempts), terms.number(feature.per.code)]
    make = terms.apply(terms.ours("Feat.mk"), terms.number(number))
    return terms.apply(make, _past(terms, feature), *rest)


def _past(terms: Terms, feature: Feature) -> int:
    if feature.count is not None:
        when = write_condition(terms, feature.count.when)
        numbers = (terms.number(feature.count.window_ms), terms.number(feature.most))
        return terms.apply(terms.ours("Past.count"), when, *numbers)
    kind, *parts = feature.history or ()
    conditions = [write_condition(terms, it) for it in _conditions(parts)]
    return terms.apply(terms.ours(f"Past.{kind}"), *conditions)


def _formula(terms: Terms, formula: Ltl) -> int:
    kind, *parts = formula
    head = terms.ours(f"Ltl.{kind}")
    if kind == "atom":
        return terms.apply(head, *(write_condition(terms, it) for it in _conditions(parts)))
    return terms.apply(head, *(_formula(terms, it) for it in _conditions(parts)))


def _conditions(parts: list[object]) -> list[Cond]:
    return [it for it in parts if isinstance(it, tuple)]
