"""Turns what is told of a request into the values of the features that a policy asks about."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from aidefence.domain.enums import Action, Severity
from aidefence.domain.errors import PolicyError
from aidefence.policy.catalog import SPECS, Asked, Kind, resolve
from aidefence.policy.conditions import VALUE_MAX
from aidefence.policy.cursor import nearest
from aidefence.policy.globs import fits
from aidefence.policy.image import Feature
from aidefence.policy.parsing import parse_value
from aidefence.policy.tree import Unit

Facts = Mapping[str, object]
"""Values by names of the catalog: texts, numbers, flags, or as the language writes them."""

_UNIT_OF = {
    Kind.SCORE: Unit.PERCENT,
    Kind.MONEY: Unit.MONEY,
    Kind.DURATION: Unit.DURATION,
    Kind.TIME_OF_DAY: Unit.CLOCK,
}


def values_of_facts(features: Sequence[Feature], facts: Facts) -> list[int]:
    """Give a value for each feature; what nobody tells is 0, and so is what looks back.

    What follows from other facts need not be told: that of a data class follows for its category,
    that of an origin for any content, and the leading confidence is the largest.

    Raises:
        ValueError: a fact is not in the catalog, or its value not of its type.

    """
    told = {**_following(facts), **facts}
    read = {name: (_asked(name), value) for name, value in told.items()}
    for name, (asked, value) in read.items():
        if not asked.spec.is_given and asked.kind is not Kind.TEXT:
            _value(asked, value, name)
    return [_feature_value(it, read) if it.is_raw else 0 for it in features]


def _asked(name: str) -> Asked:
    try:
        asked = resolve(name)
    except ValueError as error:
        near = nearest(name, [it.name for it in SPECS])
        raise ValueError(f"{error}" + (f"; did you mean `{near}`?" if near else "")) from None
    if asked.kind is not asked.spec.kind or asked.glob is not None or asked.presence:
        raise ValueError(f"`{name}` is no fact: tell `{_base(asked)}`")
    return asked


def fact_name(feature: str) -> str:
    """Give the name that the fact behind a feature is told under.

    Patterns keep theirs: that one fits does not say what the text is.
    """
    asked = resolve(feature)
    return feature if asked.glob is not None or asked.presence else _base(asked)


def _base(asked: Asked) -> str:
    return replace(asked, kind=asked.spec.kind, glob=None, presence=False).name


def _following(facts: Facts) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in facts.items():
        if name.startswith(("found(", "found_count(")) and value:
            data = name.partition("(")[2].removesuffix(")")
            found[f"found({data})"] = True
            found[f"found({data.partition('.')[0]})"] = True
        if name.startswith("degraded(") and value:
            found["degraded"] = True
        if name in {"origin", "modality"} and value != "none":
            found[f"any_{name}({value})"] = True
    for name, value in facts.items():
        if name.startswith("confidence("):
            score = _number(Kind.SCORE, value, name)
            whole = f"{name.partition(' from ')[0].removesuffix(')')})"
            for wider in (whole, "confidence"):
                known = _number(Kind.SCORE, found.get(wider, 0), wider)
                found[wider] = f"{max(score, known) / 100:.2f}%"
    return found


def _feature_value(feature: Feature, read: Mapping[str, tuple[Asked, object]]) -> int:
    asked = resolve(feature.name)
    name = _base(asked)
    _, value = read.get(name, (asked, None))
    if value is None:
        return 0
    if asked.glob is not None:
        items = value if isinstance(value, list | tuple) else [value]
        return int(any(fits(asked.glob, _text(it)) for it in items))
    if asked.presence:
        return 1
    if asked.kind is Kind.TEXT:
        text = _text(value)
        return feature.values.index(text) + 1 if text in feature.values else 0
    return min(_value(asked, value, name), feature.most)


def _value(asked: Asked, value: object, name: str) -> int:
    if asked.kind in {Kind.NUMBER, Kind.MONEY} and asked.spec.is_given:
        return _given(asked.kind, value)
    if asked.kind in _WORDS or asked.kind is Kind.CHOICE:
        words = ("none", *asked.spec.choices) if asked.kind is Kind.CHOICE else _WORDS[asked.kind]
        if value not in words:
            near = nearest(str(value), words)
            hint = f"; did you mean `{near}`?" if near else f", expected {', '.join(words)}"
            raise ValueError(f"`{name}`: `{value}` is none of its words{hint}")
        return [str(it) for it in words].index(str(value))
    return _number(asked.kind, value, name)


_WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.SEVERITY: ("none", *(it.value for it in Severity)),
    Kind.ACTION: tuple(it.value for it in Action),
}


def _number(kind: Kind, value: object, name: str) -> int:
    if kind is Kind.FLAG:
        if isinstance(value, bool):
            return int(value)
        raise ValueError(f"`{name}` is true or false, not `{value}`")
    if isinstance(value, str) and kind in _UNIT_OF:
        try:
            read = parse_value(value)
        except PolicyError:
            read = None
        if read is not None and read.unit is _UNIT_OF[kind]:
            return read.number
    elif kind is Kind.SCORE and isinstance(value, float | int) and not isinstance(value, bool):
        if 0 <= value <= 1:
            return round(value * 10_000)
    elif type(value) is int and kind not in _UNIT_OF and 0 <= value <= VALUE_MAX:
        return value
    raise ValueError(f"`{name}` is a {kind.value}, and `{value}` is none")


def _given(kind: Kind, value: object) -> int:
    """Read a number that somebody else wrote: rounded up, and the largest if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return VALUE_MAX
    try:
        number = Decimal(str(value).strip()[:40]) * (100 if kind is Kind.MONEY else 1)
    except InvalidOperation:
        return VALUE_MAX
    if not number.is_finite() or number < 0 or number > VALUE_MAX:
        return VALUE_MAX
    return math.ceil(number)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
