"""The part of a policy that needs no memory as rows of comparisons, for proofs in zero knowledge.

A rule becomes alternatives of comparisons that hold together; rules stand in the order in which
they are asked, the default as one that always holds behind them. Decided by the first rule of which
an alternative holds, that is what the policy decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from aidefence.domain.enums import Action
from aidefence.domain.errors import ImageError
from aidefence.policy.conditions import TRUE, Cond
from aidefence.policy.image import Image

LITERALS_MAX = 3960
SLOTS_MAX = 64


@dataclass(frozen=True, slots=True)
class Literal:
    """One comparison of a feature with a number, and what ends with it."""

    feature: int
    value: int
    is_equal: bool
    is_negated: bool
    ends_clause: bool = False
    ends_rule: bool = False
    action: Action = Action.ALLOW


_Clause = tuple[Literal, ...]
_ALWAYS = Literal(0, 0, is_equal=False, is_negated=False)


def literals_of(image: Image) -> tuple[Literal, ...]:
    """Write a policy as literals.

    Raises:
        ImageError: it remembers, speaks of what comes after, or is too large; says what.

    """
    _check(image)
    written: list[Literal] = []
    for at, rule in enumerate(image.rules):
        written += _rule(rule.when, rule.action, f"rules/{at}")
        _limit(len(written), "rules")
    return (*written, *_rule(TRUE, image.default, "default"))


def schema_of(image: Image) -> str:
    """Give the digest of the features that a request is told by: 31 of the 32 bytes of SHA-256.

    A commitment to a request is one to values of these features, in this order.
    """
    features = [[it.name, it.most, it.values] for it in image.features]
    return sha256(json.dumps(features, separators=(",", ":")).encode()).hexdigest()[:62]


def _check(image: Image) -> None:
    for feature in image.features:
        if feature.history is not None:
            raise ImageError("features", f"`{feature.name}` asks about earlier events")
        if feature.count is not None:
            raise ImageError("features", f"`{feature.name}` counts earlier events")
    if image.temporal:
        name = image.temporal[0].id
        raise ImageError("temporal", f"`{name}` speaks of more than one event")
    if len(image.features) > SLOTS_MAX:
        reason = f"`{len(image.features)}` are more than a proof holds, {SLOTS_MAX}"
        raise ImageError("features", reason)


def _rule(when: Cond, action: Action, place: str) -> Iterator[Literal]:
    """Give the literals of a rule; none where it never holds."""
    clauses = _clauses(when, is_positive=True, place=place)
    for at, clause in enumerate(clauses, 1):
        *before, last = clause or (_ALWAYS,)
        yield from before
        if at == len(clauses):
            yield replace(last, ends_clause=True, ends_rule=True, action=action)
        else:
            yield replace(last, ends_clause=True)


def _clauses(cond: Cond, *, is_positive: bool, place: str) -> list[_Clause]:
    """Give the alternatives of which one holds where the condition does, or does not."""
    operator, *parts = cond
    if operator in {"tt", "ff"}:
        return [()] if (operator == "tt") is is_positive else []
    if operator == "not":
        return _clauses(_part(parts[0]), is_positive=not is_positive, place=place)
    if operator in {"and", "or"}:
        left, right = (_clauses(_part(it), is_positive=is_positive, place=place) for it in parts)
        if (operator == "or") is is_positive:
            return list(dict.fromkeys([*left, *right]))
        _limit(len(left) * len(right), place)
        joined = (_joined(a, b) for a in left for b in right)
        found = list(dict.fromkeys(it for it in joined if it is not None))
        _limit(sum(map(len, found)), place)
        return found
    feature, value = (it for it in parts if isinstance(it, int))
    return [(Literal(feature, value, operator == "eq", not is_positive),)]


def _joined(left: _Clause, right: _Clause) -> _Clause | None:
    """Join alternatives; none where they contradict each other."""
    both = tuple(dict.fromkeys([*left, *right]))
    if any(replace(it, is_negated=not it.is_negated) in both for it in both):
        return None
    return both


def _part(value: object) -> Cond:
    return value if isinstance(value, tuple) else TRUE


def _limit(literals: int, place: str) -> None:
    # The default takes one.
    if literals >= LITERALS_MAX:
        raise ImageError(place, f"it takes more than the {LITERALS_MAX} comparisons of a proof")
