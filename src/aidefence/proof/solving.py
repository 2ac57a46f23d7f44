"""The search for a request: values under which a formula holds, or the certainty that none are."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.proof.budget import Purse
from aidefence.proof.conditions import Bounds, Formula, holds

Values = tuple[int, ...]


def solve(formula: Formula, most: Sequence[int], purse: Purse) -> Values | None:
    """Find values that fulfil a formula; none if there are none.

    Raises:
        SpentError: the budget ended first.

    """
    purse.refill(purse.limits.quick_nodes_max)
    return _find(formula, Bounds(most), purse, 0)


def simplified(formula: Formula, values: Values) -> Values:
    """Leave out of values that fulfil a formula what it does not need."""
    left = list(values)
    for at, it in enumerate(values):
        if it:
            left[at] = 0
            if not holds(formula, left):
                left[at] = it
    return tuple(left)


def _find(formula: Formula, bounds: Bounds, purse: Purse, depth: int) -> Values | None:
    purse.spend(depth)
    known = bounds.value(formula)
    if known is False:
        return None
    # The smallest values that are left are the easiest to read, and often the answer.
    low = tuple(bounds.low)
    if known or holds(formula, low):
        return low
    atom = bounds.pick(formula)
    if atom is None:
        raise AssertionError("a formula that is not sure has a threshold")
    feature, threshold = atom
    before, bounds.low[feature] = bounds.low[feature], threshold
    found = _find(formula, bounds, purse, depth + 1)
    bounds.low[feature] = before
    if found is None:
        before, bounds.high[feature] = bounds.high[feature], threshold - 1
        found = _find(formula, bounds, purse, depth + 1)
        bounds.high[feature] = before
    return found
