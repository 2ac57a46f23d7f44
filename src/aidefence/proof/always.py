"""Temporal formulas of a simple shape: what always holds, and what breaks for good if at all."""

from __future__ import annotations

from aidefence.policy.conditions import FALSE, Cond, Ltl

_LITERALS = ("tt", "ff", "atom", "ne", "em")


def invariant_of(formula: Ltl) -> Cond | None:
    """Read `always C`, and several of them joined, as a condition; none if it is anything else."""
    if formula[0] == "and":
        first, second = (invariant_of(it) for it in _parts(formula))
        return None if first is None or second is None else ("and", first, second)
    if formula[0] == "release" and formula[1] == FALSE:
        return _now(_parts(formula)[1])
    return None


def is_safe(formula: Ltl) -> bool:
    """Tell whether the theory's test finds that the formula, if it fails, fails for good."""
    kind = formula[0]
    if kind in _LITERALS:
        return True
    if kind == "not":
        return _parts(formula)[0][0] in _LITERALS
    if kind in ("and", "or", "release", "wnext"):
        return all(is_safe(it) for it in _parts(formula))
    return False


def _now(formula: Ltl) -> Cond | None:
    """Read a formula that speaks of one event only as a condition."""
    kind = formula[0]
    if kind in ("tt", "ff"):
        return formula
    if kind == "atom":
        return _parts(formula)[0]
    if kind not in ("not", "and", "or"):
        return None
    parts = [_now(it) for it in _parts(formula)]
    return None if None in parts else (kind, *parts)


def _parts(formula: Ltl) -> list[Cond]:
    return [it for it in formula[1:] if isinstance(it, tuple)]
