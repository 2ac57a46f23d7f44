"""Files of tests of policies: requests, what is to be decided about them, and by which rule."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.enums import Action
from aidefence.domain.errors import ConfigError, PolicyError
from aidefence.policy.cursor import nearest
from aidefence.policy.facts import Facts
from aidefence.policy.parsing import parse_value
from aidefence.policy.tree import Unit

TRIALS_MAX = 10_000
EVENTS_MAX = 1_000


class TrialError(ConfigError):
    """A file of tests cannot be read; says in which test and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event: when it happens, what is told of it, and what is expected.

    `rule` is the rule or formula that is to decide, and `reason` a part of what is to be said.
    """

    facts: Facts
    decision: Action
    rule: str | None = None
    reason: str | None = None
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One test: the events of a session, each with what is expected."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Trials:
    """A file of tests: the policy that they are about, as a file or as its text."""

    policy: str
    source: str
    trials: tuple[Trial, ...]


def read_trials(text: str) -> Trials:
    """Read a file of tests.

    Raises:
        TrialError: it is none; says where.

    """
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise TrialError(f"it is not TOML: {error}") from None
    _known(top, "", ("policy", "source", "test"))
    listed = top.get("test", [])
    if not isinstance(listed, list) or not listed:
        raise TrialError("there is no `[[test]]`")
    if len(listed) > TRIALS_MAX:
        raise TrialError(f"`{len(listed)}` tests are more than {TRIALS_MAX}")
    trials = tuple(_trial(it, f"test {at}") for at, it in enumerate(listed, 1))
    return Trials(_text(top, "policy", ""), _text(top, "source", ""), trials)


def _trial(value: object, place: str) -> Trial:
    given = _table(value, place)
    name = _text(given, "name", place)
    place = f"test `{name}`"
    if "events" not in given:
        _known(given, place, ("name", "request", "decision", "rule", "reason"))
        return Trial(name, (_step({k: v for k, v in given.items() if k != "name"}, place),))
    _known(given, place, ("name", "events"))
    events = given["events"]
    if not isinstance(events, list) or not 1 <= len(events) <= EVENTS_MAX:
        raise TrialError(f"{place}: `events` is no list of 1 to {EVENTS_MAX}")
    steps = tuple(_step(it, f"{place}, event {at}") for at, it in enumerate(events, 1))
    times = [it.at_ms for it in steps]
    if times != sorted(times):
        raise TrialError(f"{place}: its events go back in time")
    return Trial(name, steps)


def _step(value: object, place: str) -> Step:
    given = _table(value, place)
    _known(given, place, ("request", "decision", "rule", "reason", "at"))
    decision = _text(given, "decision", place)
    if decision not in tuple(Action):
        near = nearest(decision, tuple(Action))
        hint = f"; did you mean `{near}`?" if near else f", expected {', '.join(Action)}"
        raise TrialError(f"{place}: `{decision}` is no decision{hint}")
    rule = _text(given, "rule", place) if "rule" in given else None
    reason = _text(given, "reason", place) if "reason" in given else None
    facts = _table(given.get("request", {}), f"{place}: `request`")
    return Step(facts, Action(decision), rule, reason, _moment(given.get("at", "0 s"), place))


def _moment(value: object, place: str) -> int:
    try:
        read = parse_value(str(value))
    except PolicyError:
        read = None
    if read is None or read.unit is not Unit.DURATION:
        raise TrialError(f"{place}: `at` is no duration such as `10 s`, but `{value}`")
    return read.number


def _table(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TrialError(f"{place} is no table")
    return value


def _known(given: Mapping[str, object], place: str, names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            near = nearest(name, names)
            hint = f"; did you mean `{near}`?" if near else f", expected {', '.join(names)}"
            raise TrialError(f"{place}: `{name}` is not known here{hint}".removeprefix(": "))


def _text(given: Mapping[str, object], name: str, place: str) -> str:
    value = given.get(name)
    if value is None and not place:
        return ""
    if not isinstance(value, str) or not value:
        raise TrialError(f"{place}: `{name}` is no text".removeprefix(": "))
    return value
