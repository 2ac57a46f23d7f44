"""Turns a request and what was decided about it into the numbers that policies ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from aidefence.domain.content import Content, Degraded
from aidefence.domain.decision import Record
from aidefence.domain.enums import CATEGORIES, Category, Direction, Modality, Origin
from aidefence.domain.tools import Capability
from aidefence.policy.catalog import (
    COUNT_MAX,
    SCORE_MAX,
    Asked,
    Event,
    offset_minutes,
    resolve,
)
from aidefence.policy.conditions import VALUE_MAX
from aidefence.policy.globs import fits
from aidefence.policy.image import Feature
from aidefence.service.policy_seen import Read, Seen
from aidefence.service.policy_sessions import PAST_FEATURES, Past
from aidefence.service.policy_told import argument, fact, facts_in, read_told


class Values:
    """Computes the values of some features, and only of these."""

    __slots__ = ("_asked", "_facts", "_reads", "_tells_origins", "past_names", "untold")

    def __init__(self, features: Sequence[tuple[str, int, tuple[str, ...]]]) -> None:
        reads: list[Read] = []
        untold: list[str] = []
        for name, most, values in features:
            read = _read(name, most, values)
            if read is None:
                untold.append(name)
                read = read_told(name, most, values)
            reads.append(read)
        self._reads = tuple(reads)
        asked = {_spec_name(name) for name, _, _ in features}
        self._asked = frozenset(f"policy.{it}" for it in asked)
        self._facts = tuple(facts_in(features))
        self._tells_origins = any(_tells_origin(name) for name, _, _ in features)
        self.past_names = frozenset(asked & PAST_FEATURES)
        """What is asked of the session so far."""
        self.untold = tuple(untold)
        """Features that nothing computes here: they are what the facts say, or 0."""

    def of(self, seen: Seen) -> list[int]:
        """Give the values, in the order of the features."""
        return [read(seen) for read in self._reads]

    def missing(self, seen: Seen) -> tuple[Degraded, ...]:
        """Tell what a policy asks for and nobody has told."""
        untold = [name for name in self.untold if name not in seen.facts]
        told = [Degraded(f"policy.{name}", _UNTOLD) for name in untold]
        told += [
            Degraded(f"policy.{name}", _NO_FACT)
            for name, fact in self._facts
            if fact not in seen.context.facts and name not in seen.facts
        ]
        told += [it for it in seen.missed() if it.check in self._asked]
        if seen.past is None:
            told += [
                Degraded(f"policy.{name}", _NO_PAST)
                for name in sorted(self.past_names)
                if name not in seen.facts
            ]
        if self._tells_origins and seen.is_mixed:
            told.append(_MIXED)
        if seen.risk is None and "session.risk" not in seen.facts:
            told += [Degraded(it, _NO_RISK) for it in self._asked & {"policy.session.risk"}]
        return tuple(told)


_UNTOLD = "nobody tells it here: policies take it for 0 or none"
_NO_FACT = "the application does not tell it: policies take it for absent"
_NO_PAST = "the session so far is not known: only this request is looked at"
_MIXED = Degraded(
    "policy.origin", "old messages were not inspected again: what is found may be of any content"
)
_NO_RISK = "the session is not followed: policies take it for 0"


def _spec_name(name: str) -> str:
    try:
        return resolve(name).spec.name
    except ValueError:
        return name


def _tells_origin(name: str) -> bool:
    return " from " in name or _spec_name(name) in {"origin", "modality"}


def _read(name: str, most: int, values: tuple[str, ...]) -> Read | None:
    try:
        asked = resolve(name)
    except ValueError:
        return None
    if asked.spec.name == "tool.argument":
        return argument(asked, Feature(name, most, values))
    if asked.spec.name == "fact":
        return fact(asked, Feature(name, most, values))
    make = _READERS.get(asked.spec.name)
    if make is not None:
        read = make(asked)
        return lambda seen: min(read(seen), most)
    text = _TEXTS.get(asked.spec.name)
    return None if text is None else _of_text(asked, text, values)


def _of_text(asked: Asked, text: Callable[[Seen], str], values: tuple[str, ...]) -> Read:
    if asked.glob is not None:
        pattern = asked.glob
        return lambda seen: int(bool(it := text(seen)) and fits(pattern, it))
    if asked.presence:
        return lambda seen: int(bool(text(seen)))
    numbers = {value: at for at, value in enumerate(values, 1)}
    return lambda seen: numbers.get(text(seen), 0)


# --- what was decided ------------------------------------------------------------------------


def _records(seen: Seen, origin: str) -> Sequence[Record]:
    records = seen.decision.records
    if not origin:
        return records
    contents = seen.contents()
    if seen.is_mixed:
        # Taken for the worst: whichever was inspected anew may have come from there.
        return records if any(it.origin.value == origin for it in contents) else ()
    return [
        record
        for at, record in enumerate(records)
        if at < len(contents) and contents[at].origin.value == origin
    ]


def _confidence(asked: Asked) -> Read:
    if not asked.argument:
        return lambda seen: _points(seen.decision.confidence)
    code = CATEGORIES.index(Category(asked.argument))

    def read(seen: Seen) -> int:
        sure = 0.0
        for record in (
            *_records(seen, asked.origin),
            *(() if asked.origin else (seen.decision.record,)),
        ):
            if record[1] == code:
                sure = max(sure, record[3])
            for finding in record[6]:
                if finding[1] == code and not finding[6]:
                    sure = max(sure, finding[4])
        return _points(sure)

    return read


def _points(score: float) -> int:
    # Rounded up: a policy that blocks from some confidence on must not miss it by a hair.
    return min(10_000, math.ceil(round(score * 10_000, 4))) if score > 0 else 0


def _matched(asked: Asked) -> Read:
    rule = asked.argument
    return lambda seen: int(
        any(it[0] == rule for record in seen.decision.records for it in record[6])
    )


def _found_count(asked: Asked) -> Read:
    category, _, kind = asked.argument.partition(".")
    code = CATEGORIES.index(Category(category))

    def read(seen: Seen) -> int:
        entity = seen.decision.charter.entity
        return sum(
            finding[1] == code and (not kind or entity(finding[0]) == kind)
            for record in seen.decision.records
            for finding in record[6]
        )

    return read


def _found(asked: Asked) -> Read:
    count = _found_count(asked)
    return lambda seen: int(count(seen) > 0)


def _degraded(asked: Asked) -> Read:
    check = asked.argument
    below = f"{check}."
    return lambda seen: int(
        any(
            not check or it.check == check or it.check.startswith(below)
            for it in (*seen.decision.degraded, *seen.missed())
        )
    )


# --- what is inspected -----------------------------------------------------------------------


def _event(seen: Seen) -> int:
    if seen.call is not None:
        return _EVENTS.index(Event.CALL) + 1
    if seen.step.is_definition:
        return _EVENTS.index(Event.DOCUMENT) + 1
    if seen.way() is Direction.OUTPUT:
        return _EVENTS.index(Event.ANSWER) + 1
    said = [it for it in seen.contents() if it.modality is not Modality.TOOL_CALL]
    if not said:
        return _EVENTS.index(Event.MESSAGE) + 1
    by_origin = {Origin.TOOL: Event.RESULT, Origin.RETRIEVAL: Event.DOCUMENT}
    return _EVENTS.index(by_origin.get(said[-1].origin, Event.MESSAGE)) + 1


_EVENTS = tuple(Event)


def _worst(seen: Seen) -> Content | None:
    contents, records = seen.contents(), seen.decision.records
    if not contents:
        return None
    at = max(
        range(min(len(contents), len(records))),
        key=lambda it: (records[it][0], records[it][1] >= 0, records[it][3]),
        default=0,
    )
    return contents[at]


def _any_origin(asked: Asked) -> Read:
    return lambda seen: int(any(it.origin.value == asked.argument for it in seen.contents()))


def _any_modality(asked: Asked) -> Read:
    return lambda seen: int(any(it.modality.value == asked.argument for it in seen.contents()))


def _of_worst(choice: Callable[[Content], int]) -> Callable[[Asked], Read]:
    def make(_: Asked) -> Read:
        def read(seen: Seen) -> int:
            worst = _worst(seen)
            return 0 if worst is None else choice(worst) + 1

        return read

    return make


# --- who asks, and when ----------------------------------------------------------------------


def _can(asked: Asked) -> Read:
    capability = Capability(asked.argument)
    return lambda seen: int(seen.call is not None and capability in seen.call.capabilities)


def _clock(asked: Asked) -> Callable[[Seen], datetime]:
    offset = timedelta(minutes=offset_minutes(asked.argument) or 0 if asked.argument else 0)
    return lambda seen: datetime.fromtimestamp(seen.now_ms / 1000, UTC) + offset


def _time_of_day(asked: Asked) -> Read:
    clock = _clock(asked)

    def read(seen: Seen) -> int:
        now = clock(seen)
        return now.hour * 60 + now.minute

    return read


def _weekday(asked: Asked) -> Read:
    clock = _clock(asked)
    return lambda seen: clock(seen).weekday() + 1


def _door(asked: Asked) -> Read:
    numbers = {it: at for at, it in enumerate(asked.spec.choices, 1)}
    return lambda seen: numbers.get(seen.door, 0)


# --- the session so far ----------------------------------------------------------------------


def _past(choice: Callable[[Past], int]) -> Callable[[Asked], Read]:
    def make(asked: Asked) -> Read:
        told = read_told(asked.name, COUNT_MAX, ())
        return lambda seen: told(seen) if seen.past is None else choice(seen.past)

    return make


def _age(asked: Asked) -> Read:
    told = read_told(asked.name, VALUE_MAX, ())

    def read(seen: Seen) -> int:
        if seen.past is None:
            return told(seen)
        return min(VALUE_MAX, max(0, seen.now_ms - seen.past.begun_ms))

    return read


def _taint(asked: Asked) -> Read:
    name = asked.spec.name
    told = read_told(asked.name, 1, ())

    def read(seen: Seen) -> int:
        before = seen.past is not None and name in seen.past.taints
        return int(before or name in seen.taints) or told(seen)

    return read


def _risk(asked: Asked) -> Read:
    told = read_told(asked.name, SCORE_MAX, ())
    return lambda seen: told(seen) if seen.risk is None else _points(seen.risk)


_READERS: Mapping[str, Callable[[Asked], Read]] = MappingProxyType(
    {
        "confidence": _confidence,
        "category": lambda _: lambda seen: seen.decision.record[1] + 1,
        "severity": lambda _: (
            lambda seen: seen.decision.record[2] + 1 if seen.decision.record[1] >= 0 else 0
        ),
        "matched": _matched,
        "found": _found,
        "found_count": _found_count,
        "profile.action": lambda _: lambda seen: seen.decision.action_code,
        "degraded": _degraded,
        "event": lambda _: _event,
        "direction": lambda _: lambda seen: seen.way().code + 1,
        "origin": _of_worst(lambda it: it.origin.code),
        "any_origin": _any_origin,
        "modality": _of_worst(lambda it: it.modality.code),
        "any_modality": _any_modality,
        "text.length": lambda _: lambda seen: sum(len(it.text) for it in seen.contents()),
        "tool.can": _can,
        "taint.untrusted": _taint,
        "taint.private": _taint,
        "taint.secret": _taint,
        "session.risk": _risk,
        "session.turns": _past(lambda it: it.turns),
        "session.blocked": _past(lambda it: it.blocked),
        "session.flagged": _past(lambda it: it.flagged),
        "session.age": _age,
        "door": _door,
        "time.of_day": _time_of_day,
        "time.weekday": _weekday,
    }
)
_TEXTS: Mapping[str, Callable[[Seen], str]] = MappingProxyType(
    {
        "tool.name": lambda seen: "" if seen.call is None else seen.call.name,
        "tool.server": lambda seen: "" if seen.call is None else seen.call.server,
        "user": lambda seen: seen.context.user or "",
        "role": lambda seen: seen.caller.role.value,
        "tenant": lambda seen: seen.caller.tenant,
        "plan": lambda seen: seen.caller.plan.value,
    }
)
