"""Turns conditions and formulas of a policy into their closed form."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod

from aidefence.domain.errors import LimitError, PolicyError
from aidefence.policy.catalog import Kind
from aidefence.policy.comparing import Comparing
from aidefence.policy.conditions import DEPTH_MAX, Cond, Ltl
from aidefence.policy.formatting import format_expression, format_value
from aidefence.policy.image import COUNT_MAX, WINDOW_MS_MAX
from aidefence.policy.sources import Placed, Room, values_of
from aidefence.policy.table import (
    ALWAYS,
    NEVER,
    Built,
    Table,
    every,
    leaf,
    limited,
    opposite,
    some,
)
from aidefence.policy.tree import (
    Ahead,
    And,
    Ask,
    AtMost,
    Back,
    Compare,
    CountOf,
    Define,
    Expression,
    Follows,
    Future,
    Implies,
    Last,
    Never,
    Not,
    Or,
    Past,
    Release,
    Since,
    Truth,
    Unit,
    Until,
    Value,
)

EVENTS_MAX = 25
_AHEAD = Ahead | Until | Release | Last | Never | Follows | AtMost


class Building:
    """Builds conditions and formulas over the features of one table."""

    def __init__(self, table: Table, timezone: str) -> None:
        self.table = table
        self._comparing = Comparing(table, timezone)
        self._defined: dict[tuple[int, str], Built] = {}
        self._open: list[tuple[int, str]] = []

    def condition(self, expression: Expression, placed: Placed) -> Built:
        """Build a condition.

        Raises:
            PolicyError: it does not make sense; says where.

        """
        try:
            return self._condition(expression, placed)
        except LimitError as error:
            raise placed.error(expression.at, f"too much is asked: {error}") from None
        except RecursionError:
            raise placed.error(expression.at, "definitions are nested too deep") from None

    def formula(self, expression: Expression, placed: Placed) -> Ltl:
        """Build a formula.

        Raises:
            PolicyError: it does not make sense; says where.

        """
        try:
            return self._formula(expression, placed).cond
        except LimitError as error:
            raise placed.error(expression.at, f"too much is asked: {error}") from None
        except RecursionError:
            raise placed.error(expression.at, "definitions are nested too deep") from None

    def feature(self, ask: Ask, placed: Placed) -> int:
        """Give the number of a feature that has an order."""
        asked = self._comparing.asked(ask, placed)
        if asked.kind in {Kind.TEXT, Kind.CHOICE}:
            message = f"`{asked.name}` has no order"
            raise placed.error(ask.at, message, "a feature that is a number or a flag")
        return self.table.raw(asked)

    def rate(self, rate: AtMost, placed: Placed) -> tuple[Built, int, int]:
        """Build what is counted; give it with how many there may be, and in what window."""
        most = self._one(rate.most, Unit.WHOLE, placed)
        if not 1 <= most.number <= COUNT_MAX:
            raise placed.error(rate.most.at, "this many cannot be counted", f"1 to {COUNT_MAX}")
        window = self._window(rate.window, placed)
        return self.condition(rate.what, placed), most.number, window

    def exceeded(self, rate: AtMost, placed: Placed) -> Built:
        """Build that an event is one more than there may be."""
        what, most, window = self.rate(rate, placed)
        name = f"count({format_expression(rate.what)} in {format_value(rate.window)})"
        counted = self.table.count(name, what.cond, window, most, rate.memory)
        return every(what, leaf("ge", counted, most))

    # --- conditions ------------------------------------------------------------------------------

    @singledispatchmethod
    def _condition(self, expression: Expression, placed: Placed) -> Built:
        raise _looks_ahead(expression, placed)

    @_condition.register
    def _(self, it: Truth, _: Placed) -> Built:
        return ALWAYS if it.value else NEVER

    @_condition.register
    def _(self, it: Ask, placed: Placed) -> Built:
        defined = placed.room.definitions.get(it.name)
        if defined is None:
            return self._comparing.flag(it, placed)
        if it.argument:
            message = f"`{it.name}` is defined and takes nothing in parentheses"
            raise placed.error(it.at, message)
        return self._definition(it, placed.room, defined, placed)

    @_condition.register
    def _(self, it: Compare, placed: Placed) -> Built:
        if isinstance(it.subject, CountOf):
            return self._counted(it, it.subject, placed)
        if it.subject.name in placed.room.definitions:
            message = f"`{it.subject.name}` is a condition and compared with nothing"
            raise placed.error(it.at, message)
        return self._comparing.compare(it, placed)

    @_condition.register
    def _(self, it: Not, placed: Placed) -> Built:
        return limited(opposite(self._condition(it.part, placed)))

    @_condition.register
    def _(self, it: And, placed: Placed) -> Built:
        return every(*(self._condition(part, placed) for part in it.parts))

    @_condition.register
    def _(self, it: Or, placed: Placed) -> Built:
        return some(*(self._condition(part, placed) for part in it.parts))

    @_condition.register
    def _(self, it: Implies, placed: Placed) -> Built:
        left = opposite(self._condition(it.left, placed))
        return some(left, self._condition(it.right, placed))

    @_condition.register
    def _(self, it: Back, placed: Placed) -> Built:
        part = self._condition(it.part, placed)
        name = format_expression(it)
        if it.window is not None:
            window = self._window(it.window, placed)
            counted = self.table.count(name, part.cond, window, 1, it.memory)
            return some(part, leaf("ge", counted, 1))
        if it.how is Past.PREVIOUSLY:
            return self.table.history(name, ("previous", part.cond), it.memory)
        so_far = f"once {name.partition(' ')[2]}"
        once = self.table.history(so_far, ("since", ("tt",), part.cond), it.memory)
        if it.how is Past.ONCE:
            return once
        return self.table.history(name, ("previous", once.cond), it.memory)

    @_condition.register
    def _(self, it: Since, placed: Placed) -> Built:
        left, right = self._condition(it.left, placed), self._condition(it.right, placed)
        name = format_expression(it)
        return self.table.history(name, ("since", left.cond, right.cond), it.memory)

    def _definition(self, ask: Ask, room: Room, defined: Placed, placed: Placed) -> Built:
        key = (id(room), ask.name)
        if key in self._open:
            raise placed.error(ask.at, f"`{ask.name}` is defined by itself", "another name")
        if len(self._open) >= DEPTH_MAX:
            raise placed.error(ask.at, "definitions refer to one another too deep")
        built = self._defined.get(key)
        if built is None and isinstance(defined.item, Define):
            self._open.append(key)
            built = self._condition(defined.item.condition, defined)
            self._open.pop()
            self._defined[key] = built
        return built or NEVER

    def _counted(self, compare: Compare, count: CountOf, placed: Placed) -> Built:
        part = self._condition(count.part, placed)
        window = self._window(count.window, placed)
        values = [it for value in compare.values for it in values_of(value, placed)]
        for value in values:
            if value.unit is Unit.WHOLE and value.number >= COUNT_MAX:
                message = f"`{value.number}` is more than is counted"
                raise placed.error(value.at, message, f"less than {COUNT_MAX}")
        # One more than what it is compared with: so `>` differs from `>=`.
        most = max((it.number for it in values if it.unit is Unit.WHOLE), default=0) + 1
        name = f"count({format_expression(count.part)} in {format_value(count.window)})"
        feature = self.table.count(name, part.cond, window, most, count.memory)
        return self._comparing.number(Kind.COUNT, [feature], compare, values, placed)

    def _window(self, value: Value, placed: Placed) -> int:
        found = self._one(value, Unit.DURATION, placed)
        if not 1 <= found.number <= WINDOW_MS_MAX:
            most = format_value(Value(Unit.DURATION, WINDOW_MS_MAX))
            message = f"`{format_value(found)}` is no window"
            raise placed.error(value.at, message, f"at most {most}, and not nothing")
        return found.number

    def _one(self, value: Value, unit: Unit, placed: Placed) -> Value:
        values = values_of(value, placed)
        if len(values) != 1 or values[0].unit is not unit:
            message = f"`{format_value(value)}` is no {unit.value}"
            raise placed.error(value.at, message, f"a {unit.value}")
        return values[0]

    # --- formulas --------------------------------------------------------------------------------

    def _formula(self, expression: Expression, placed: Placed) -> Built:
        if _is_ahead(expression):
            return self._later(expression, placed)
        return _atom(self._condition(expression, placed))

    @singledispatchmethod
    def _later(self, expression: Expression, placed: Placed) -> Built:
        return _atom(self._condition(expression, placed))

    @_later.register
    def _(self, it: Not, placed: Placed) -> Built:
        return _grown("not", self._formula(it.part, placed))

    @_later.register
    def _(self, it: And, placed: Placed) -> Built:
        return every(*(self._formula(part, placed) for part in it.parts))

    @_later.register
    def _(self, it: Or, placed: Placed) -> Built:
        return some(*(self._formula(part, placed) for part in it.parts))

    @_later.register
    def _(self, it: Implies, placed: Placed) -> Built:
        left, right = self._formula(it.left, placed), self._formula(it.right, placed)
        return some(_grown("not", left), right)

    @_later.register
    def _(self, _it: Last, _: Placed) -> Built:
        return _grown("wnext", NEVER)

    @_later.register
    def _(self, it: Until, placed: Placed) -> Built:
        return _grown("until", self._formula(it.left, placed), self._formula(it.right, placed))

    @_later.register
    def _(self, it: Release, placed: Placed) -> Built:
        return _grown("release", self._formula(it.left, placed), self._formula(it.right, placed))

    @_later.register
    def _(self, it: Ahead, placed: Placed) -> Built:
        return _AHEAD_FORMS[it.how](self._formula(it.part, placed))

    @_later.register
    def _(self, it: Never, placed: Placed) -> Built:
        what = opposite(self._condition(it.what, placed))
        if it.before is not None:
            before = self._condition(it.before, placed)
            return _grown("release", _atom(before), _atom(some(what, before)))
        if it.after is None:
            return _always(_atom(what))
        if it.until is None:
            later = _always(_atom(what))
        else:
            until = self._condition(it.until, placed)
            later = _grown("release", _atom(until), _atom(some(what, until)))
        after = opposite(self._condition(it.after, placed))
        return _always(some(_atom(after), _grown("wnext", later)))

    @_later.register
    def _(self, it: Follows, placed: Placed) -> Built:
        first, then = self._condition(it.first, placed), self._condition(it.then, placed)
        within = values_of(it.within, placed)[0]
        if within.unit is Unit.DURATION:
            return self._answered(it, first, then, placed)
        if within.unit is not Unit.WHOLE or not 1 <= within.number <= EVENTS_MAX:
            expected = f"1 to {EVENTS_MAX} events, or a duration"
            raise placed.error(it.within.at, "this is no such length", expected)
        answered = _grown("wnext", _atom(then))
        for _ in range(within.number - 1):
            answered = _grown("wnext", some(_atom(then), answered))
        return _always(some(_atom(opposite(first)), answered))

    @_later.register
    def _(self, it: AtMost, placed: Placed) -> Built:
        return _always(_atom(opposite(self.exceeded(it, placed))))

    def _answered(self, it: Follows, first: Built, then: Built, placed: Placed) -> Built:
        """Build that no event comes late: one that waits since before the window has its answer.

        Waiting begins with the first that is not answered, and only that one is counted: so none
        of the window means that it was before.
        """
        window = self._window(it.within, placed)
        name = format_expression(it)
        unanswered = ("since", opposite(then).cond, first.cond)
        waiting = self.table.history(f"waiting: {name}", unanswered, it.memory)
        waited = self.table.history(f"waited: {name}", ("previous", waiting.cond), it.memory)
        begins = every(first, some(opposite(waited), then))
        begun = self.table.count(f"begun: {name}", begins.cond, window, 1, it.memory)
        late = every(waited, opposite(then), opposite(leaf("ge", begun, 1)))
        return _always(_atom(opposite(late)))


def _grown(operator: str, *parts: Built) -> Built:
    cond: Cond = (operator, *(it.cond for it in parts))
    nodes = 1 + sum(it.nodes for it in parts)
    return limited(Built(cond, nodes, 1 + max(it.depth for it in parts)))


def _atom(part: Built) -> Built:
    # The depth of a condition is counted by itself.
    return part if len(part.cond) == 1 else Built(("atom", part.cond), part.nodes + 1, 1)


def _always(part: Built) -> Built:
    return _grown("release", NEVER, part)


def _eventually(part: Built) -> Built:
    return _grown("until", ALWAYS, part)


_AHEAD_FORMS: dict[Future, Callable[[Built], Built]] = {
    Future.ALWAYS: _always,
    Future.EVENTUALLY: _eventually,
    Future.NEXT: lambda part: _grown("next", part),
    Future.WEAK_NEXT: lambda part: _grown("wnext", part),
}


def _is_ahead(expression: Expression) -> bool:
    if isinstance(expression, _AHEAD):
        return True
    if isinstance(expression, And | Or):
        return any(_is_ahead(it) for it in expression.parts)
    if isinstance(expression, Implies):
        return _is_ahead(expression.left) or _is_ahead(expression.right)
    return isinstance(expression, Not) and _is_ahead(expression.part)


def _looks_ahead(expression: Expression, placed: Placed) -> PolicyError:
    message = f"`{format_expression(expression)[:80]}` looks ahead, which no condition can"
    return placed.error(
        expression.at, message, "a formula only behind `what breaks` or `on every trace`"
    )
