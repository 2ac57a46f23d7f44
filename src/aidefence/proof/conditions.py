"""Conditions under bounds: what is sure of them when features are only known to lie in a range.

Formulas are the nested tuples of the image, so that nothing is translated on the way from the
policy to its proof. Searches add two forms: `("all", F…)` and `("any", F…)`, of any length, and
`("dec", ROWS, DEFAULT, MASK)`, true where the first row `(CONDITION, ACTION)` that holds, or the
default, has an action in the mask (bit `1 << code`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Formula: TypeAlias = tuple[Any, ...]
Atom: TypeAlias = tuple[int, int]
"""Feature and threshold: the feature is at least so much."""
Row: TypeAlias = tuple[Formula, int]

TRUE: Formula = ("tt",)
FALSE: Formula = ("ff",)


class Bounds:
    """A range for each feature; narrowed by splits, widened again on the way back."""

    __slots__ = ("high", "low")

    def __init__(self, most: Sequence[int]) -> None:
        self.low = [0] * len(most)
        self.high = list(most)

    def value(self, formula: Formula) -> bool | None:  # noqa: C901, PLR0911, PLR0912 -- one table
        """Tell whether a formula holds everywhere, nowhere, or (none) here and there."""
        kind = formula[0]
        if kind == "ge":
            feature, least = formula[1], formula[2]
            if least <= self.low[feature]:
                return True
            return False if least > self.high[feature] else None
        if kind == "eq":
            feature, wanted = formula[1], formula[2]
            low, high = self.low[feature], self.high[feature]
            if wanted < low or wanted > high:
                return False
            return True if low == high else None
        if kind in ("and", "all"):
            result: bool | None = True
            for part in formula[1:]:
                known = self.value(part)
                if known is False:
                    return False
                if known is None:
                    result = None
            return result
        if kind in ("or", "any"):
            result = False
            for part in formula[1:]:
                known = self.value(part)
                if known is True:
                    return True
                if known is None:
                    result = None
            return result
        if kind == "not":
            known = self.value(formula[1])
            return None if known is None else not known
        if kind == "dec":
            return self._decides(formula)
        return bool(kind == "tt")

    def _decides(self, formula: Formula) -> bool | None:
        _, rows, default, mask = formula
        seen = 0
        for when, action in rows:
            known = self.value(when)
            if known is False:
                continue
            seen |= 1 << action
            if known or (seen & mask and seen & ~mask):
                break
        else:
            seen |= 1 << default
        if not seen & ~mask:
            return True
        return None if seen & mask else False

    def pick(self, formula: Formula) -> Atom | None:
        """Name a threshold on which a formula that is not sure may depend."""
        kind = formula[0]
        if kind == "ge":
            return (formula[1], formula[2]) if self.value(formula) is None else None
        if kind == "eq":
            feature, wanted = formula[1], formula[2]
            if self.value(formula) is not None:
                return None
            return (feature, wanted) if wanted > self.low[feature] else (feature, wanted + 1)
        if kind == "dec":
            return self._pick_row(formula)
        for part in formula[1:]:
            if self.value(part) is None:
                return self.pick(part)
        return None

    def _pick_row(self, formula: Formula) -> Atom | None:
        for when, _ in formula[1]:
            known = self.value(when)
            if known:
                return None
            if known is None:
                return self.pick(when)
        return None


def holds(formula: Formula, values: Sequence[int]) -> bool:  # noqa: PLR0911 -- one table
    """Evaluate a formula on plain values."""
    kind = formula[0]
    if kind == "ge":
        return bool(values[formula[1]] >= formula[2])
    if kind == "eq":
        return bool(values[formula[1]] == formula[2])
    if kind in ("and", "all"):
        return all(holds(part, values) for part in formula[1:])
    if kind in ("or", "any"):
        return any(holds(part, values) for part in formula[1:])
    if kind == "not":
        return not holds(formula[1], values)
    if kind == "dec":
        _, rows, default, mask = formula
        action = next((action for when, action in rows if holds(when, values)), default)
        return bool(mask >> action & 1)
    return bool(kind == "tt")


def atoms(formula: Formula) -> Iterator[Atom]:
    """Name every threshold of a formula; `eq` has two."""
    stack = [formula]
    while stack:
        it = stack.pop()
        kind = it[0]
        if kind == "ge":
            yield it[1], it[2]
        elif kind == "eq":
            yield it[1], it[2]
            yield it[1], it[2] + 1
        elif kind == "dec":
            stack += [when for when, _ in it[1]]
        else:
            stack += it[1:]


def negated(formula: Formula) -> Formula:
    """Say the opposite."""
    return ("not", formula)


def mask_of(codes: Sequence[int]) -> int:
    """Write a set of actions as bits."""
    mask = 0
    for code in codes:
        mask |= 1 << code
    return mask
