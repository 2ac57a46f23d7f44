"""Two searches for the same thing agree, give up when told to, and say so."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from aidefence.proof import Budget, smt
from aidefence.proof.budget import SpentError
from aidefence.proof.conditions import Formula, holds, mask_of
from aidefence.proof.searching import table_of
from aidefence.proof.smt import solve_smt
from aidefence.proof.solving import solve
from aidefence.proof.trees import BrokenError, Replay, Tree, find_tree

from .drawn import RAW, condition, image

MOST = [it.most for it in RAW]
EVERYTHING = list(product(*(range(it + 1) for it in MOST)))


def _formula(dice: Random) -> Formula:
    rows = tuple((condition(dice, RAW), dice.randint(0, 4)) for _ in range(3))
    decides: Formula = ("dec", rows, dice.randint(0, 4), mask_of([dice.randint(0, 4)]))
    return ("all", ("any", condition(dice, RAW), decides), ("not", condition(dice, RAW)))


@pytest.mark.parametrize("seed", range(100))
def test_both_solvers_find_what_is_there_and_nothing_else(seed: int) -> None:
    formula = _formula(Random(seed))
    there = any(holds(formula, it) for it in EVERYTHING)
    for values in (solve(formula, MOST, Budget().start()), solve_smt(formula, MOST, 10_000)):
        assert (values is not None) is there
        assert values is None or (holds(formula, values) and values in EVERYTHING)


@pytest.mark.parametrize("seed", range(100))
def test_a_tree_that_is_found_holds_and_a_changed_one_proves_nothing_false(seed: int) -> None:
    dice = Random(seed)
    policy, premise, mask = image(dice), condition(dice, RAW), dice.randint(0, 31)
    table = table_of(policy)
    truth = all(mask >> table.decision(it) & 1 for it in EVERYTHING if holds(premise, it))
    tree: Tree = ("piv", dice.randint(0, 5))
    broken = None
    try:
        tree = find_tree(table, premise, mask, Budget().start())
    except BrokenError as error:
        broken = error.values
    assert truth is (broken is None)
    if broken is None:
        assert Replay(table, premise, mask).check(tree)
    else:
        assert holds(premise, broken)
        assert not mask >> table.decision(broken) & 1
    for other in (("vac",), ("piv", 0), ("piv", 9), ("split", 0, 1, tree, ("vac",))):
        assert truth or not Replay(table, premise, mask).check(other)


def test_a_search_ends_with_its_budget() -> None:
    hard: Formula = ("all", *(("any", ("eq", at, 1), ("eq", at + 1, 2)) for at in range(60)))
    odd: Formula = ("not", ("any", *(("eq", at, 0) for at in range(61))))
    with pytest.raises(SpentError, match=r"cases|deeper"):
        solve(("all", hard, odd, ("not", hard)), [3] * 61, Budget(quick_nodes_max=50).start())
    with pytest.raises(SpentError, match="more than 0 ms"):
        solve(("all", hard, odd, ("not", hard)), [3] * 61, Budget(property_ms=0).start())


def test_without_the_solver_it_is_said_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    smt.is_here.cache_clear()
    monkeypatch.setattr(smt, "find_spec", lambda _: None)
    try:
        with pytest.raises(SpentError, match="extra `proof`"):
            solve_smt(("ge", 0, 1), [1], 100)
    finally:
        smt.is_here.cache_clear()
