"""What every kind of property is decided with: a search, a budget, an evaluator to replay in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from aidefence.policy.image import Image
from aidefence.proof.budget import Purse, SpentError
from aidefence.proof.conditions import Formula, Row, holds
from aidefence.proof.outcomes import Counterexample, Event, TreeEvidence
from aidefence.proof.remembering import extended
from aidefence.proof.replaying import Evaluator, play
from aidefence.proof.showing import in_words
from aidefence.proof.smt import is_here, solve_smt
from aidefence.proof.solving import Values, simplified, solve
from aidefence.proof.traces import Unrolled
from aidefence.proof.trees import BrokenError, Replay, RuleTable, find_tree

Goal: TypeAlias = Callable[[Unrolled, int], Formula]
Seen: TypeAlias = Callable[[Sequence[Event]], bool]


class ReplayError(Exception):
    """The search found what the evaluator decides otherwise: one of the two is wrong."""


class Search:
    """Searches over one policy while one property is decided."""

    def __init__(self, image: Image, evaluator: Evaluator, table: RuleTable, purse: Purse) -> None:
        self.image, self.evaluator, self.table, self.purse = image, evaluator, table, purse
        self.remembers = not all(it.is_raw for it in image.features)
        self.is_stateless = not self.remembers and not image.temporal

    def tree(self, table: RuleTable, premise: Formula, mask: int) -> TreeEvidence | Values:
        """Prove that decisions lie in the mask under the premise, or give values that break it.

        Raises:
            SpentError: neither was found in time.

        """
        self.purse.refill(self.purse.limits.nodes_max)
        try:
            tree = find_tree(table, premise, mask, self.purse)
        except BrokenError as error:
            return error.values
        except SpentError:
            formula: Formula = ("all", premise, ("not", ("dec", table.rows, table.default, mask)))
            values = self.satisfy(formula, table.most)
            if values is not None:
                return values
            raise
        replay = Replay(table, premise, mask)
        if not replay.check(tree):
            raise ReplayError("a tree that was found does not hold")
        return TreeEvidence(premise, mask, tuple(sorted(replay.leaned)), tree)

    def satisfy(self, formula: Formula, most: Sequence[int]) -> Values | None:
        """Find values that fulfil a formula; none if there are none.

        Raises:
            SpentError: nobody knew in time.

        """
        try:
            values = solve(formula, most, self.purse)
        except SpentError:
            if not is_here():
                raise
            limit_ms = min(self.purse.limits.solver_ms, self.purse.left_ms)
            values = solve_smt(formula, most, limit_ms)
        return None if values is None else simplified(formula, values)

    def trace(
        self, goal: Goal, seen: Seen, *, looks_back: bool = False
    ) -> tuple[tuple[Event, ...], bool]:
        """Find the shortest trace whose last event reaches a goal, all before it being admitted.

        `looks_back`: the goal speaks of earlier events itself, whatever the policy remembers.

        Returns the events as the evaluator decided them, none if there is no such trace; and
        whether this is true of traces of any length.

        Raises:
            SpentError: nobody knew in time.
            ReplayError: the evaluator disagrees with what was found.

        """
        is_short = self.is_stateless and not looks_back
        longest = 1 if is_short else self.purse.limits.steps_max
        for steps in range(1, longest + 1):
            unrolled = Unrolled(self.image, steps)
            formula = ("all", goal(unrolled, steps - 1), unrolled.all_admitted(steps - 1))
            values = self.satisfy(formula, unrolled.most)
            if values is None:
                continue
            if not holds(formula, values):
                raise ReplayError("the solver's values do not fulfil what was asked")
            events = play(self.evaluator, unrolled.requests(values), unrolled.times(values))
            if not seen(events):
                raise ReplayError(f"of the evaluator, which decides {_told(events)}")
            return events, True
        return (), is_short

    def pumped(self, values: Values, holds_then: Formula, seen: Seen) -> tuple[Event, ...]:
        """Reach a state of high counts by one event repeated; none if that does not lead there."""
        counts = [
            (it.count.when, values[at])
            for at, it in enumerate(self.image.features)
            if it.count is not None and values[at]
        ]
        if not counts:
            return ()
        first = Unrolled(self.image, 1)
        wanted = [first.condition(when, 0) for when, _ in counts]
        filler = self.satisfy(("all", *wanted, first.admitted(0)), first.most)
        if filler is None:
            return ()
        request = first.requests(filler)[0]
        last = self.request_of(values)
        times = max(number for _, number in counts)
        events = play(self.evaluator, [request] * times + [last], [0] * (times + 1))
        fits = holds(holds_then, extended(self.image, events))
        return events if fits and seen(events) else ()

    def request_of(self, values: Values) -> tuple[int, ...]:
        """Return what of the values a request says itself, without what was remembered."""
        features = zip(self.image.features, values, strict=True)
        return tuple(value if it.is_raw else 0 for it, value in features)

    def shown(self, events: Sequence[Event], asked: Sequence[Formula] = ()) -> Counterexample:
        """Tell events that were replayed in words."""
        return Counterexample(tuple(events), in_words(self.image, events, asked))

    def never(self, premise: Formula) -> TreeEvidence | Values:
        """Prove that a formula never holds, or give values for which it does.

        Raises:
            SpentError: neither was found in time.

        """
        return self.tree(RuleTable((), 0, self.table.most), premise, 0)

    def cover(self, rules: int) -> RuleTable:
        """The first rules with nothing but `block`: what it decides is whether one applies."""
        rows: list[Row] = [(it.when, 4) for it in self.image.rules[:rules]]
        return RuleTable(rows, 0, self.table.most)


def _told(events: Sequence[Event]) -> str:
    return ", ".join(str(it.action) for it in events)


def table_of(image: Image) -> RuleTable:
    """Prepare the rules of a policy for searches."""
    rows = [(it.when, it.action.code) for it in image.rules]
    return RuleTable(rows, image.default.code, [it.most for it in image.features])
