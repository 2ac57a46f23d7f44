"""What a policy image means, as plainly as it can be said: slow, and right by reading it.

Written from the definition of images alone and after `step` of the theory in `spec/`; nothing of
the engine is used. A state keeps whole lists and formulas, as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

REVIEW = 3
Formula = tuple[Any, ...]


@dataclass
class State:
    """What one session, its user and its tenant, which know nothing else, bring along."""

    clock: dict[str, int] = field(default_factory=dict)
    bits: dict[int, int] = field(default_factory=dict)
    times: dict[int, list[int]] = field(default_factory=dict)
    formulas: list[Formula] = field(default_factory=list)


@dataclass
class Oracle:
    """An image, read naively."""

    image: dict[str, Any]

    @staticmethod
    def load(data: bytes) -> Oracle:
        """Read an image that is known to be one."""
        return Oracle(json.loads(data))

    def start(self) -> State:
        """Give the state before the first event."""
        return State(formulas=[frozen(it["formula"]) for it in self.image["temporal"]])

    def extend(self, given: list[int], state: State, now_ms: int) -> list[int]:
        """Give the value of every feature."""
        values: list[int] = []
        for at, feature in enumerate(self.image["features"]):
            if "history" in feature:
                before = state.bits.get(at, 0)
                operator, *parts = feature["history"]
                if operator == "previous":
                    values.append(before)
                else:
                    holds, begins = parts
                    now = meets(begins, values) or (before == 1 and meets(holds, values))
                    values.append(int(now))
            elif "count" in feature:
                now_ms_here = max(now_ms, state.clock.get(feature.get("per", "session"), 0))
                begin = now_ms_here - feature["count"]["window_ms"]
                earlier = state.times.get(at, [])
                inside = [it for it in earlier if begin < it <= now_ms_here]
                values.append(min(len(inside), feature["most"]))
            else:
                value = given[at] if at < len(given) else 0
                values.append(min(max(value, 0), feature["most"]))
        return values

    def decide(
        self, given: list[int], state: State, now_ms: int
    ) -> tuple[int, list[int], list[int]]:
        """Decide on one event, and let the state change."""
        values = self.extend(given, state, now_ms)
        held = [at for at, it in enumerate(self.image["rules"]) if meets(it["when"], values)]
        action = self.image["rules"][held[0]]["action"] if held else self.image["default"]
        after = [step(it, values) for it in state.formulas]
        violated = [at for at, it in enumerate(after) if it == ("ff",)]
        for at in violated:
            action = max(action, self.image["temporal"][at]["action"])
        self._remember(state, values, now_ms, admitted=action < REVIEW)
        if action < REVIEW:
            for at, formula in enumerate(after):
                if at not in violated:
                    state.formulas[at] = formula
        return action, held, violated

    def _remember(self, state: State, values: list[int], now_ms: int, *, admitted: bool) -> None:
        # Every count of an event sees the same clock, whichever of them is looked at first.
        clock = dict(state.clock)
        for at, feature in enumerate(self.image["features"]):
            if not (admitted or feature.get("attempts")):
                continue
            if "history" in feature:
                operator, *parts = feature["history"]
                previous = operator == "previous"
                state.bits[at] = int(meets(parts[0], values)) if previous else values[at]
            elif "count" in feature and meets(feature["count"]["when"], values):
                per = feature.get("per", "session")
                now = max(now_ms, clock.get(per, 0))
                state.times.setdefault(at, []).append(now)
                state.clock[per] = now


def meets(cond: Sequence[Any], values: Sequence[int]) -> bool:  # noqa: PLR0911 -- a table
    """Whether a condition holds of the values."""
    match cond:
        case ["tt"]:
            return True
        case ["ff"]:
            return False
        case ["ge", feature, least]:
            return bool(values[feature] >= least)
        case ["eq", feature, value]:
            return bool(values[feature] == value)
        case ["not", part]:
            return not meets(part, values)
        case ["and", one, other]:
            return meets(one, values) and meets(other, values)
        case ["or", one, other]:
            return meets(one, values) or meets(other, values)
    raise AssertionError(cond)


def step(formula: Formula, values: Sequence[int]) -> Formula:  # noqa: C901, PLR0911 -- a table
    """Give what is left of a formula after one event."""
    match formula:
        case ("tt",) | ("ne",):
            return ("tt",)
        case ("ff",) | ("em",):
            return ("ff",)
        case ("atom", cond):
            return ("tt",) if meets(cond, values) else ("ff",)
        case ("not", part):
            return _not(step(part, values))
        case ("and", one, other):
            return _and(step(one, values), step(other, values))
        case ("or", one, other):
            return _or(step(one, values), step(other, values))
        case ("next", part):
            return _and(("ne",), part)
        case ("wnext", part):
            return _or(("em",), part)
        case ("until", one, other):
            return _or(step(other, values), _and(step(one, values), formula))
        case ("release", one, other):
            return _and(step(other, values), _or(step(one, values), formula))
    raise AssertionError(formula)


def satisfies(formula: Formula, trace: list[list[int]]) -> bool:  # noqa: C901, PLR0911 -- a table
    """Whether a whole trace of extended values satisfies a formula, by positions, not by steps."""
    match formula:
        case ("tt",):
            return True
        case ("ff",):
            return False
        case ("ne",):
            return bool(trace)
        case ("em",):
            return not trace
        case ("atom", cond):
            return bool(trace) and meets(cond, trace[0])
        case ("not", part):
            return not satisfies(part, trace)
        case ("and", one, other):
            return satisfies(one, trace) and satisfies(other, trace)
        case ("or", one, other):
            return satisfies(one, trace) or satisfies(other, trace)
        case ("next", part):
            return len(trace) > 1 and satisfies(part, trace[1:])
        case ("wnext", part):
            return len(trace) <= 1 or satisfies(part, trace[1:])
        case ("until", one, other):
            return any(
                satisfies(other, trace[at:])
                and all(satisfies(one, trace[before:]) for before in range(at))
                for at in range(len(trace))
            )
        case ("release", one, other):
            return all(
                satisfies(other, trace[at:])
                or any(satisfies(one, trace[before:]) for before in range(at))
                for at in range(len(trace))
            )
    raise AssertionError(formula)


def frozen(value: Any) -> Any:
    """Give the same formula with tuples in the place of lists."""
    return tuple(frozen(it) for it in value) if isinstance(value, list | tuple) else value


def _not(part: Formula) -> Formula:
    return {("tt",): ("ff",), ("ff",): ("tt",)}.get(part, ("not", part))


def _and(one: Formula, other: Formula) -> Formula:
    if ("ff",) in (one, other):
        return ("ff",)
    if one == ("tt",):
        return other
    return one if other in (("tt",), one) else ("and", one, other)


def _or(one: Formula, other: Formula) -> Formula:
    if ("tt",) in (one, other):
        return ("tt",)
    if one == ("ff",):
        return other
    return one if other in (("ff",), one) else ("or", one, other)
