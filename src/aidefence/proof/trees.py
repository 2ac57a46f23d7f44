"""The search that ends in a proof: split on thresholds until a rule settles every case.

It decides `whenever PREMISE holds, the decision lies in a set`. A tree of splits, with the rule
that settles it at each leaf, is all that a checker needs to see that this is so; where a case is
found that breaks it, that case is the counterexample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from aidefence.proof.budget import Purse
from aidefence.proof.conditions import Atom, Bounds, Formula, Row, atoms, holds

Tree: TypeAlias = tuple[object, ...]
"""`("vac",)` the premise is false; `("piv", k)` rule k, or as many as there are rules for the
default; `("split", feature, threshold, HIGH, LOW)`."""

VACUOUS: Tree = ("vac",)


def vacuous(tree: Tree) -> Tree:
    """The same tree for the premise that no rule applies: where one does, it is false."""
    if tree[0] != "split":
        return VACUOUS
    _, feature, threshold, high, low = tree
    return ("split", feature, threshold, vacuous(high), vacuous(low))  # type: ignore[arg-type]


class BrokenError(Exception):
    """A case in which the decision lies outside the set; its values."""

    def __init__(self, values: tuple[int, ...]) -> None:
        super().__init__("the property is broken")
        self.values = values


class RuleTable:
    """The rules of a policy, prepared for many searches."""

    __slots__ = ("actions", "always", "conditions", "default", "most", "rows", "touching")

    def __init__(self, rows: Sequence[Row], default: int, most: Sequence[int]) -> None:
        self.rows = tuple(rows)
        self.conditions = [when for when, _ in rows]
        self.actions = [action for _, action in rows]
        self.default = default
        self.most = tuple(most)
        everywhere = Bounds(most)
        self.always = [everywhere.value(when) for when in self.conditions]
        self.touching: dict[int, list[int]] = {}
        for at, when in enumerate(self.conditions):
            for feature in {feature for feature, _ in atoms(when)}:
                self.touching.setdefault(feature, []).append(at)

    def decision(self, values: Sequence[int]) -> int:
        """Decide on plain values."""
        for when, action in self.rows:
            if holds(when, values):
                return action
        return self.default


def find_tree(table: RuleTable, premise: Formula, mask: int, purse: Purse) -> Tree:
    """Prove that the decision lies in the mask whenever the premise holds.

    Raises:
        BrokenError: it does not.
        SpentError: the budget ended first.

    """
    return _Search(table, premise, mask, purse).run()


class _Search:
    def __init__(self, table: RuleTable, premise: Formula, mask: int, purse: Purse) -> None:
        self._table, self._premise, self._mask, self._purse = table, premise, mask, purse
        self._bounds = Bounds(table.most)
        good = [bool(mask >> action & 1) for action in table.actions]
        self._good = good
        self._good_default = bool(mask >> table.default & 1)
        always = table.always
        self._bad = [at for at, it in enumerate(good) if not it and always[at] is not False]
        sure = (at for at, it in enumerate(good) if it and always[at])
        self._sure = next(sure, len(good) if self._good_default else len(good) + 1)
        self._path: list[int] = []

    def run(self) -> Tree:
        return self._case(0)

    def _case(self, depth: int) -> Tree:
        self._purse.spend(depth)
        known = self._bounds.value(self._premise)
        if known is False:
            return VACUOUS
        if known is None:
            return self._split(self._bounds.pick(self._premise), depth)
        settled = self._settle()
        return ("piv", settled) if isinstance(settled, int) else self._split(settled, depth)

    def _split(self, atom: Atom | None, depth: int) -> Tree:
        if atom is None:
            raise AssertionError("a condition that is not sure has a threshold")
        feature, threshold = atom
        bounds, path = self._bounds, self._path
        path.append(feature)
        before, bounds.low[feature] = bounds.low[feature], threshold
        high = self._case(depth + 1)
        bounds.low[feature] = before
        before, bounds.high[feature] = bounds.high[feature], threshold - 1
        low = self._case(depth + 1)
        bounds.high[feature] = before
        path.pop()
        return ("split", feature, threshold, high, low)

    def _settle(self) -> int | Atom:
        """Name the rule that settles this case, or the threshold to split on."""
        table, value = self._table, self._bounds.value
        touched = {at for feature in self._path for at in table.touching.get(feature, ())}
        pivot = self._sure
        for at in sorted(touched):
            if at >= pivot:
                break
            if self._good[at] and value(table.conditions[at]):
                pivot = at
        for at in self._bad:
            if at >= pivot:
                return pivot
            known = value(table.conditions[at]) if at in touched else table.always[at]
            if known is None:
                atom = self._bounds.pick(table.conditions[at])
                if atom is not None:
                    return atom
            if known:
                return self._blame(at)
        return pivot if pivot <= len(table.rows) else self._blame(len(table.rows))

    def _blame(self, bad: int) -> Atom:
        """A rule outside the set holds: only an earlier one that may hold too can mend it."""
        table, bounds = self._table, self._bounds
        for values in (bounds.low, bounds.high):
            given = tuple(values)
            if holds(self._premise, given) and not self._mask >> table.decision(given) & 1:
                raise BrokenError(given)
        for at in range(bad):
            if self._good[at]:
                atom = bounds.pick(table.conditions[at])
                if atom is not None and bounds.value(table.conditions[at]) is None:
                    return atom
        raise BrokenError(tuple(bounds.low))


class _LeanedOn(Bounds):
    """Bounds that note which features are known only by what they can be at most."""

    __slots__ = ("leaned", "most")

    def __init__(self, most: Sequence[int]) -> None:
        super().__init__(most)
        self.most = most
        self.leaned: set[int] = set()

    def value(self, formula: Formula) -> bool | None:
        kind = formula[0]
        if kind in ("ge", "eq"):
            feature = formula[1]
            over = formula[2] if kind == "ge" else formula[2] + 1
            high = self.high[feature]
            if over > high and high == self.most[feature]:
                self.leaned.add(feature)
        return super().value(formula)


class Replay:
    """The checker's walk over a finished tree; notes which bounds of features it leaned on."""

    __slots__ = ("_bounds", "_mask", "_premise", "_table", "steps")

    def __init__(self, table: RuleTable, premise: Formula, mask: int) -> None:
        self._table, self._premise, self._mask = table, premise, mask
        self._bounds = _LeanedOn(table.most)
        self.steps = 0

    @property
    def leaned(self) -> set[int]:
        """The features that it leaned on."""
        return self._bounds.leaned

    def check(self, tree: Tree) -> bool:
        """Tell whether the tree proves what it is for."""
        self.steps += 1
        if tree[0] == "vac":
            return self._bounds.value(self._premise) is False
        if tree[0] == "piv":
            return self._settled(tree[1])
        _, feature, threshold, high, low = tree
        return self._narrowed(feature, threshold, high, low)

    def _narrowed(self, feature: object, threshold: object, high: object, low: object) -> bool:
        if not (isinstance(feature, int) and isinstance(threshold, int)):
            return False
        if not (isinstance(high, tuple) and isinstance(low, tuple)):
            return False
        bounds = self._bounds
        before, bounds.low[feature] = bounds.low[feature], max(bounds.low[feature], threshold)
        fine = self.check(high)
        bounds.low[feature] = before
        before, bounds.high[feature] = (
            bounds.high[feature],
            min(bounds.high[feature], threshold - 1),
        )
        fine = fine and self.check(low)
        bounds.high[feature] = before
        return fine

    def _settled(self, pivot: object) -> bool:
        if not isinstance(pivot, int):
            return False
        table = self._table
        for at, (when, action) in enumerate(table.rows[:pivot]):
            if not self._mask >> action & 1 and self._bounds.value(when) is not False:
                return False
            self.steps += at >= 0
        if pivot >= len(table.rows):
            return bool(self._mask >> table.default & 1)
        when, action = table.rows[pivot]
        return bool(self._mask >> action & 1) and self._bounds.value(when) is True
