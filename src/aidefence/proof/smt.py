"""The same search by Z3, for what our own gives up on. Its word is a result, never a proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from aidefence.proof.budget import SpentError
from aidefence.proof.conditions import Formula
from aidefence.proof.solving import Values

NAME = "z3"


@cache
def is_here() -> bool:
    """Whether the solver is installed: extra `proof`."""
    return find_spec(NAME) is not None


def solve_smt(formula: Formula, most: Sequence[int], limit_ms: int) -> Values | None:
    """Find values that fulfil a formula; none if the solver says that there are none.

    Raises:
        SpentError: the solver did not know in time, or is not installed.

    """
    if not is_here():
        raise SpentError("no SMT solver is installed here, extra `proof`")
    if limit_ms <= 0:
        raise SpentError("no time was left for the SMT solver")
    z3 = import_module(NAME)
    # A context of its own: the shared one is not safe between threads.
    context = z3.Context()
    problem = _Problem(z3, context, most)
    asserted = problem.translate(formula)
    solver = z3.SolverFor("QF_LIA", ctx=context)
    solver.set("timeout", limit_ms)
    solver.add(asserted, *problem.ranges())
    said = solver.check()
    if said == z3.unsat:
        return None
    if said != z3.sat:
        raise SpentError(f"the SMT solver did not know after {limit_ms} ms")
    return problem.values(solver.model())


class _Problem:
    def __init__(self, z3: Any, context: Any, most: Sequence[int]) -> None:  # noqa: ANN401
        self._z3, self._context, self._most = z3, context, most
        self._variables: dict[int, Any] = {}
        # Formulas share parts; held, so that no other object takes an address that is known.
        self._known: dict[int, tuple[Formula, Any]] = {}

    def translate(self, formula: Formula) -> Any:  # noqa: ANN401 -- terms of the solver
        known = self._known.get(id(formula))
        if known is None:
            known = self._known[id(formula)] = (formula, self._term(formula))
        return known[1]

    def _term(self, formula: Formula) -> Any:  # noqa: ANN401
        z3, kind = self._z3, formula[0]
        if kind in ("ge", "eq"):
            variable = self._variable(formula[1])
            return variable >= formula[2] if kind == "ge" else variable == formula[2]
        if kind == "dec":
            _, rows, default, mask = formula
            term = z3.BoolVal(bool(mask >> default & 1), self._context)
            for when, action in reversed(rows):
                term = z3.If(self.translate(when), bool(mask >> action & 1), term, self._context)
            return term
        parts = [self.translate(it) for it in formula[1:]]
        if kind == "not":
            return z3.Not(parts[0], self._context)
        if kind in ("and", "all"):
            return z3.And(*parts, self._context)
        if kind in ("or", "any"):
            return z3.Or(*parts, self._context)
        return z3.BoolVal(kind == "tt", self._context)

    def _variable(self, feature: int) -> Any:  # noqa: ANN401
        if feature not in self._variables:
            self._variables[feature] = self._z3.Int(f"f{feature}", self._context)
        return self._variables[feature]

    def ranges(self) -> list[Any]:
        return [
            bound
            for feature, variable in self._variables.items()
            for bound in (variable >= 0, variable <= self._most[feature])
        ]

    def values(self, model: Any) -> Values:  # noqa: ANN401
        found = [0] * len(self._most)
        for feature, variable in self._variables.items():
            said = model.eval(variable, model_completion=True)
            found[feature] = said.as_long()
        return tuple(found)
