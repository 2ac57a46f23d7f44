"""The syntactic test for monotony: sufficient, linear, and exactly the one the theory proves."""

from __future__ import annotations

from aidefence.proof.conditions import Formula, atoms
from aidefence.proof.walks import Side


def passes_test(rules: Side, feature: int) -> bool:
    """Tell whether every rule, read alone, shows that raising the feature weakens nothing."""
    most_after = least_after = rules.default
    for when, action in reversed(rules.rows):
        rises, falls = _moves(when, feature, up=True), _moves(when, feature, up=False)
        fine = (
            (rises and falls)
            or (rises and action >= most_after)
            or (falls and action <= least_after)
        )
        if not fine:
            return False
        most_after, least_after = max(most_after, action), min(least_after, action)
    return True


def visits(rules: Side, feature: int) -> int:
    """Count the pairs of rules that the test looks at."""
    return sum(
        len(rules.rows) - at
        for at, (when, _) in enumerate(rules.rows)
        if any(it == feature for it, _ in atoms(when))
    )


def _moves(formula: Formula, feature: int, *, up: bool) -> bool:
    """The formula can only become true (up), or only false, when the feature grows."""
    kind = formula[0]
    if kind == "ge":
        return up or formula[1] != feature
    if kind == "eq":
        return bool(formula[1] != feature)
    if kind == "not":
        return _moves(formula[1], feature, up=not up)
    return all(_moves(part, feature, up=up) for part in formula[1:])
