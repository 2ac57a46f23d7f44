"""Two policies walked together, to see whether one is at least as strict on every request.

The walk is the one the theory checks, step by step, so that a walk that ends well here is one that
the checker accepts. It is sufficient, not necessary: where it fails, a search has to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aidefence.domain.enums import Action
from aidefence.proof.budget import Purse
from aidefence.proof.conditions import Atom, Bounds, Formula, Row

_BLOCK = Action.BLOCK.code
_ENDLESS = 2**63
Literal = tuple[int, int, bool]


def find_walk(weak: Side, strict: Side, most: Mapping[int, int], purse: Purse) -> int | None:
    """Count the steps of a walk that shows the second to be as strict; none if there is no such.

    Of the features' greatest values the walk knows those that it is told.

    Raises:
        SpentError: the budget ended first.

    """
    purse.refill(purse.limits.nodes_max)
    walk = _Walk(weak, strict, most, purse)
    return walk.deepest + 1 if walk.run(0, 0, 0) else None


class Side:
    """The rules of one of two policies."""

    __slots__ = ("default", "rows")

    def __init__(self, rows: Sequence[Row], default: int) -> None:
        self.rows, self.default = tuple(rows), default


class _Walk:
    def __init__(self, weak: Side, strict: Side, most: Mapping[int, int], purse: Purse) -> None:
        self._weak, self._strict, self._purse = weak, strict, purse
        highest = 1 + max(
            (feature for it in (weak, strict) for when, _ in it.rows for feature in _named(when)),
            default=0,
        )
        self._bounds = Bounds([most.get(at, _ENDLESS) for at in range(highest)])
        self._false: dict[Formula, int] = {}
        self.deepest = 0

    def run(self, at: int, beside: int, depth: int) -> bool:  # noqa: C901, PLR0912 -- cases of the theory
        undo: list[partial[None]] = []
        try:
            while True:
                self._purse.spend(0)
                depth += 1
                self.deepest = max(self.deepest, depth)
                weak, strict = self._weak, self._strict
                if at == len(weak.rows):
                    return self._surely_least(weak.default, beside)
                when, action = weak.rows[at]
                if beside == len(strict.rows):
                    may_hold = when not in self._false and self._bounds.value(when) is not False
                    if may_hold and action > strict.default:
                        return False
                    at += 1
                    continue
                other, other_action = strict.rows[beside]
                if when == other and action <= other_action:
                    at, beside = at + 1, beside + 1
                    continue
                if when in self._false:
                    at += 1
                    continue
                known = self._bounds.value(when)
                if known is False:
                    at += 1
                    continue
                if known:
                    return self._surely_least(action, beside)
                other_known = self._bounds.value(other)
                if other_known is False:
                    beside += 1
                    continue
                if other_known:
                    return self._surely_most(other_action, at)
                if self._surely_most(other_action, at):
                    undo += self._deny(other)
                    beside += 1
                    continue
                if self._surely_least(action, beside):
                    undo += self._deny(when)
                    at += 1
                    continue
                atom = self._bounds.pick(when)
                return atom is not None and self._split(atom, at, beside, depth)
        finally:
            for it in reversed(undo):
                it()

    def _split(self, atom: Atom, at: int, beside: int, depth: int) -> bool:
        feature, threshold = atom
        self._purse.spend(depth // 8)
        for literal in ((feature, threshold, True), (feature, threshold, False)):
            undo = self._narrow(literal)
            fine = self.run(at, beside, depth)
            undo()
            if not fine:
                return False
        return True

    def _surely_most(self, action: int, at: int) -> bool:
        """Nothing that the weak side may still decide is graver."""
        if action == _BLOCK:
            return True
        return self._surely(self._weak, at, lambda code: code <= action)

    def _surely_least(self, action: int, beside: int) -> bool:
        """Nothing that the strict side may still decide is milder."""
        if not action:
            return True
        return self._surely(self._strict, beside, lambda code: code >= action)

    def _surely(self, side: Side, start: int, fits: Callable[[int], bool]) -> bool:
        for when, action in side.rows[start:]:
            known = self._bounds.value(when)
            if known is False:
                continue
            if not fits(action):
                return False
            if known:
                return True
        return fits(side.default)

    def _deny(self, formula: Formula) -> list[partial[None]]:
        """Go on where the formula is false."""
        undo = [self._narrow(it) for it in _literals(formula, truth=False)]
        for it in _disjuncts(formula):
            self._false[it] = self._false.get(it, 0) + 1
            undo.append(partial(self._forget, it))
        return undo

    def _forget(self, formula: Formula) -> None:
        self._false[formula] -= 1
        if not self._false[formula]:
            del self._false[formula]

    def _narrow(self, literal: Literal) -> partial[None]:
        feature, threshold, is_high = literal
        bounds = self._bounds
        undo = partial(self._widen, feature, bounds.low[feature], bounds.high[feature])
        if is_high:
            bounds.low[feature] = max(bounds.low[feature], threshold)
        else:
            bounds.high[feature] = min(bounds.high[feature], threshold - 1)
        return undo

    def _widen(self, feature: int, low: int, high: int) -> None:
        self._bounds.low[feature], self._bounds.high[feature] = low, high


def _literals(formula: Formula, *, truth: bool) -> list[Literal]:
    kind = formula[0]
    if kind == "ge":
        return [(formula[1], formula[2], truth)]
    if kind == "eq":
        _, feature, number = formula
        return [(feature, number, True), (feature, number + 1, False)] if truth else []
    if kind == "not":
        return _literals(formula[1], truth=not truth)
    if (kind == "and" and truth) or (kind == "or" and not truth):
        return [it for part in formula[1:] for it in _literals(part, truth=truth)]
    return []


def _disjuncts(formula: Formula) -> list[Formula]:
    found, stack = [], [formula]
    while stack:
        it = stack.pop()
        found.append(it)
        if it[0] == "or":
            stack += it[1:]
    return found


def _named(formula: Formula) -> list[int]:
    if formula[0] in ("ge", "eq"):
        return [formula[1]]
    return [it for part in formula[1:] for it in _named(part)]
