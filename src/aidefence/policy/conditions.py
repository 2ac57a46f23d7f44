"""Conditions and temporal formulas in their closed form: nested tuples, exactly as in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aidefence.domain.errors import ImageError

DEPTH_MAX = 64
VALUE_MAX = 2**31 - 1

Cond = tuple[object, ...]
"""A condition: `("and", ("ge", 0, 8000), ("eq", 1, 2))`; a feature is named by its number."""
Ltl = tuple[object, ...]
"""A temporal formula in the same form; its atoms are `("atom", COND)`."""

TRUE: Cond = ("tt",)
FALSE: Cond = ("ff",)

_LEAF_PARTS = 2
_BRANCHES = {"tt": 0, "ff": 0, "not": 1, "and": 2, "or": 2}
_LTL_BRANCHES = {**_BRANCHES, "ne": 0, "em": 0, "next": 1, "wnext": 1, "until": 2, "release": 2}


def check_cond(cond: object, features: int, place: str) -> int:
    """Count the nodes of a condition over so many features.

    Raises:
        ImageError: it is no condition, nested too deep, or names a feature that is not there.

    """
    nodes = 0
    left = [(cond, place, 1)]
    while left:
        node, where, depth = left.pop()
        nodes += 1
        operator, parts = _opened(node, where, depth)
        if operator in {"ge", "eq"}:
            _check_leaf(operator, parts, features, where)
            continue
        if _BRANCHES.get(operator) != len(parts):
            raise ImageError(where, f"`{operator[:80]}` with {len(parts)} parts is no condition")
        left += [(part, f"{where}/{at}", depth + 1) for at, part in enumerate(parts, 1)]
    return nodes


def check_ltl(formula: object, features: int, place: str) -> int:
    """Count the nodes of a temporal formula, those of its conditions as well.

    Raises:
        ImageError: it is no formula, nested too deep, or names a feature that is not there.

    """
    nodes = 0
    left = [(formula, place, 1)]
    while left:
        node, where, depth = left.pop()
        nodes += 1
        operator, parts = _opened(node, where, depth)
        if operator == "atom" and len(parts) == 1:
            nodes += check_cond(parts[0], features, f"{where}/1")
            continue
        if _LTL_BRANCHES.get(operator) != len(parts):
            raise ImageError(where, f"`{operator[:80]}` with {len(parts)} parts is no formula")
        left += [(part, f"{where}/{at}", depth + 1) for at, part in enumerate(parts, 1)]
    return nodes


def features_of(formula: Cond | Ltl) -> frozenset[int]:
    """Give the numbers of all features that a condition or formula asks about."""
    found: set[int] = set()
    left: list[object] = [formula]
    while left:
        node = left.pop()
        if isinstance(node, tuple):
            if node[0] in {"ge", "eq"} and isinstance(node[1], int):
                found.add(node[1])
            left += node[1:]
    return frozenset(found)


def renumbered(formula: Cond | Ltl, numbers: Mapping[int, int]) -> tuple[object, ...]:
    """Give the same condition or formula over features that have other numbers."""
    if formula[0] in {"ge", "eq"} and isinstance(formula[1], int):
        return (formula[0], numbers[formula[1]], formula[2])
    return (
        formula[0],
        *(renumbered(it, numbers) if isinstance(it, tuple) else it for it in formula[1:]),
    )


def negated(cond: Cond) -> Cond:
    """Give the opposite, without a double negation."""
    if cond == TRUE:
        return FALSE
    if cond == FALSE:
        return TRUE
    if cond[0] == "not" and isinstance(cond[1], tuple):
        return cond[1]
    return ("not", cond)


def all_of(parts: Iterable[Cond]) -> Cond:
    """Join conditions by `and`, as a balanced tree, so that many do not make it deep."""
    left = [it for it in parts if it != TRUE]
    return FALSE if FALSE in left else _balanced("and", left, TRUE)


def any_of(parts: Iterable[Cond]) -> Cond:
    """Join conditions by `or`, as a balanced tree, so that many do not make it deep."""
    left = [it for it in parts if it != FALSE]
    return TRUE if TRUE in left else _balanced("or", left, FALSE)


def _balanced(operator: str, parts: list[Cond], empty: Cond) -> Cond:
    if not parts:
        return empty
    while len(parts) > 1:
        parts = list(_pairs(operator, parts))
    return parts[0]


def _pairs(operator: str, parts: list[Cond]) -> Iterator[Cond]:
    for at in range(0, len(parts) - 1, 2):
        yield (operator, parts[at], parts[at + 1])
    if len(parts) % 2:
        yield parts[-1]


def _opened(node: object, place: str, depth: int) -> tuple[str, tuple[object, ...]]:
    if depth > DEPTH_MAX:
        raise ImageError(place, f"nested deeper than {DEPTH_MAX} levels")
    if not isinstance(node, tuple) or not node or not isinstance(node[0], str):
        raise ImageError(place, "not a list that begins with an operator")
    return node[0], node[1:]


def _check_leaf(operator: str, parts: tuple[object, ...], features: int, place: str) -> None:
    if len(parts) != _LEAF_PARTS:
        raise ImageError(place, f"`{operator}` takes a feature and a value")
    feature, value = parts
    if type(feature) is not int or not 0 <= feature < features:
        raise ImageError(f"{place}/1", f"not the number of one of the {features} features before")
    if type(value) is not int or not 0 <= value <= VALUE_MAX:
        raise ImageError(f"{place}/2", f"not a whole number from 0 to {VALUE_MAX}")
