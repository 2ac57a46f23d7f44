"""A policy over several events as one formula over all their values.

Each event has variables of its own for what the request tells, and one for a pause before it that
is longer than any window. What the policy remembers becomes formulas over the events before;
what it decides about them, too. A search through this formula is exact for traces of its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from aidefence.policy.conditions import Cond, Ltl
from aidefence.policy.image import Image
from aidefence.proof.conditions import FALSE, TRUE, Formula, Row, mask_of, negated
from aidefence.proof.replaying import REFUSED

_ACTIONS = 5


class Unrolled:
    """A policy over so many events, the same ones for everything that is asked of it."""

    def __init__(self, image: Image, steps: int) -> None:
        self.image, self.steps = image, steps
        self._width = len(image.features) + 1
        self._known: dict[tuple[object, ...], Formula] = {}
        self._held: list[object] = []
        self._is_plain = all(it.is_raw for it in image.features)
        longest = max((it.count.window_ms for it in image.features if it.count), default=0)
        self._pause_ms = longest + 1
        self.most = [
            bound for _ in range(steps) for bound in (*(it.most for it in image.features), 1)
        ]

    # --- what can be asked ---

    def condition(self, when: Cond, step: int) -> Formula:
        """A condition of the policy at an event."""
        if not step and self._is_plain:
            return when
        key = ("condition", id(when), step)
        if key not in self._known:
            # Held, so that no other condition takes an address that is known.
            self._held.append(when)
            self._known[key] = self._translated(when, step)
        return self._known[key]

    def final(self, step: int, mask: int) -> Formula:
        """The decision at an event lies in the mask, rules and temporal rules together."""
        if not self.image.temporal:
            return self._rules(step, mask)
        parts = [
            ("all", self.at_least(step, code), negated(self.at_least(step, code + 1)))
            for code in range(_ACTIONS)
            if mask >> code & 1
        ]
        return ("any", *parts)

    def at_least(self, step: int, code: int) -> Formula:
        """The decision at an event is at least so grave."""
        if code <= 0:
            return TRUE
        if code >= _ACTIONS:
            return FALSE
        broken = [
            self.violated(at, step)
            for at, it in enumerate(self.image.temporal)
            if it.action.code >= code
        ]
        return ("any", self._rules(step, mask_of(range(code, _ACTIONS))), *broken)

    def admitted(self, step: int) -> Formula:
        """The event is let through, so that the policy remembers it."""
        return negated(self.at_least(step, REFUSED))

    def all_admitted(self, steps: int) -> Formula:
        """The first events are all let through."""
        return ("all", *(self.admitted(step) for step in range(steps)))

    def violated(self, rule: int, step: int) -> Formula:
        """A temporal rule is broken for good once this event is seen."""
        return self.broken(self.image.temporal[rule].formula, step)

    def broken(self, formula: Ltl, step: int) -> Formula:
        """A temporal formula over the whole trace is broken for good after an event."""
        return self._settled(formula, 0, step + 1, truth=False)

    def applies(self, rule: int, step: int) -> Formula:
        """A rule decides an event: its condition holds and none before it does."""
        rules = self.image.rules
        rows: list[Row] = [(self.condition(it.when, step), 0) for it in rules[:rule]]
        rows.append((self.condition(rules[rule].when, step), 1))
        return ("dec", tuple(rows), 0, 2)

    def any_rule(self, step: int) -> Formula:
        """Some rule applies to an event."""
        rows = tuple((self.condition(it.when, step), 1) for it in self.image.rules)
        return ("dec", rows, 0, 2)

    # --- what was found ---

    def requests(self, values: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """The values of each event, those of remembered features left at nought."""
        features, width = self.image.features, self._width
        return tuple(
            tuple(values[step * width + at] if it.is_raw else 0 for at, it in enumerate(features))
            for step in range(self.steps)
        )

    def times(self, values: Sequence[int]) -> tuple[int, ...]:
        """When each event comes: at once, or after a pause."""
        now, found = 0, []
        for step in range(self.steps):
            if step and values[step * self._width + self._width - 1]:
                now += self._pause_ms
            found.append(now)
        return tuple(found)

    # --- the translation ---

    def _rules(self, step: int, mask: int) -> Formula:
        key = ("rows", step)
        if key not in self._known:
            rows = ((self.condition(it.when, step), it.action.code) for it in self.image.rules)
            self._known[key] = tuple(rows)
        return ("dec", self._known[key], self.image.default.code, mask)

    def _translated(self, when: Cond, step: int) -> Formula:
        kind = when[0]
        if kind in ("ge", "eq"):
            _, feature, number = when
            if not isinstance(feature, int) or not isinstance(number, int):
                raise TypeError("a feature and a threshold are numbers")
            return self._atom(str(kind), feature, number, step)
        return (kind, *(self.condition(part, step) for part in when[1:]))  # type: ignore[arg-type]

    def _atom(self, kind: str, feature: int, number: int, step: int) -> Formula:
        it = self.image.features[feature]
        if it.is_raw:
            return (kind, step * self._width + feature, number)
        if it.count is not None:
            least = partial(self._counted, feature, step)
        else:
            least = partial(self._bit, feature, step)
        if kind == "ge":
            return least(number)
        return ("all", least(number), negated(least(number + 1)))

    def _bit(self, feature: int, step: int, number: int) -> Formula:
        if number != 1:
            return FALSE if number else TRUE
        return self._remember(("bit", feature, step), partial(self._history, feature, step))

    def _history(self, feature: int, step: int) -> Formula:
        kind, *parts = self.image.features[feature].history or ()
        if kind == "previous":
            return self.condition(parts[0], step - 1) if step else FALSE  # type: ignore[arg-type]
        first, second = parts
        begins = self.condition(second, step)  # type: ignore[arg-type]
        if not step:
            return begins
        goes_on = ("all", self.condition(first, step), self._bit(feature, step - 1, 1))  # type: ignore[arg-type]
        return ("any", begins, goes_on)

    def _counted(self, feature: int, step: int, least: int) -> Formula:
        count, most = self.image.features[feature].count, self.image.features[feature].most
        if count is None or least <= 0:
            return TRUE
        if least > min(step, most):
            return FALSE
        return self._among(feature, step, 0, least)

    def _among(self, feature: int, step: int, first: int, least: int) -> Formula:
        """At least so many of the events from `first` up to this one are counted at this one."""
        if least <= 0:
            return TRUE
        if step - first < least:
            return FALSE
        return self._remember(
            ("among", feature, step, first, least),
            lambda: (
                "any",
                (
                    "all",
                    self._in_window(feature, first, step),
                    self._among(feature, step, first + 1, least - 1),
                ),
                self._among(feature, step, first + 1, least),
            ),
        )

    def _in_window(self, feature: int, event: int, step: int) -> Formula:
        count = self.image.features[feature].count
        if count is None:
            return FALSE
        pauses = [
            ("ge", later * self._width + self._width - 1, 1) for later in range(event + 1, step + 1)
        ]
        return ("all", self.condition(count.when, event), *map(negated, pauses))

    def _settled(self, formula: Ltl, at: int, seen: int, *, truth: bool) -> Formula:
        """The formula at a position is surely true (or false) after so many events."""
        key = ("ltl", id(formula), at, seen, truth)
        self._held.append(formula)
        return self._remember(key, partial(self._progressed, formula, at, seen, truth=truth))

    def _progressed(self, formula: Ltl, at: int, seen: int, *, truth: bool) -> Formula:  # noqa: PLR0911 -- one table
        kind, *parts = formula
        here = at < seen
        if kind in ("tt", "ff"):
            return TRUE if truth is (kind == "tt") else FALSE
        if kind in ("ne", "em"):
            return TRUE if here and truth is (kind == "ne") else FALSE
        if kind == "atom":
            if not here:
                return FALSE
            known = self.condition(parts[0], at)  # type: ignore[arg-type]
            return known if truth else negated(known)
        settled = partial(self._settled, seen=seen)
        if kind == "not":
            return settled(parts[0], at, truth=not truth)  # type: ignore[arg-type]
        if kind in ("and", "or"):
            both = [settled(it, at, truth=truth) for it in parts]  # type: ignore[arg-type]
            return ("all" if truth is (kind == "and") else "any", *both)
        if not here:
            return FALSE
        if kind in ("next", "wnext"):
            after = settled(parts[0], at + 1, truth=truth)  # type: ignore[arg-type]
            # One more event decides a strong next for, the end of the trace a weak one.
            needs_more = truth is (kind == "next") and at + 1 >= seen
            return FALSE if needs_more else after
        first = settled(parts[0], at, truth=truth)  # type: ignore[arg-type]
        second = settled(parts[1], at, truth=truth)  # type: ignore[arg-type]
        later = settled(formula, at + 1, truth=truth)
        if truth is (kind == "until"):
            return ("any", second, ("all", first, later))
        return ("all", second, ("any", first, later))

    def _remember(self, key: tuple[object, ...], make: Callable[[], Formula]) -> Formula:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]
