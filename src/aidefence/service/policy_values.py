"""Turns a request and what was decided about it into the numbers that policies ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.asking import NO_CONTEXT, Context
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.decision import Decision, Record
from aidefence.domain.enums import CATEGORIES, Category, Direction, Modality, Origin
from aidefence.domain.tools import Capability
from aidefence.policy.catalog import Asked, Event, offset_minutes, resolve
from aidefence.policy.facts import values_of_facts
from aidefence.policy.globs import fits
from aidefence.policy.image import Feature

Facts = Mapping[str, object]
NO_FACTS: Facts = MappingProxyType({})
_NO_CAPABILITIES: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """The tool call that a policy decides about."""

    name: str
    arguments: object = None
    capabilities: frozenset[Capability] = _NO_CAPABILITIES
    server: str = ""


@dataclass(slots=True)
class Seen:
    """One event as a policy may see it. Never changed."""

    decision: Decision
    what: str | Inspection
    origin: Origin = Origin.USER
    direction: Direction = Direction.INPUT
    caller: Caller = LOCAL
    context: Context = NO_CONTEXT
    door: str = "library"
    call: Call | None = None
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    """What the application or the session tells, by names of the catalog."""
    now_ms: int = 0

    def contents(self) -> tuple[Content, ...]:
        """The parts, also of a mere text."""
        if isinstance(self.what, str):
            return (Content(self.what, self.origin),)
        return self.what.contents

    def way(self) -> Direction:
        """Whether it is on its way to the model or from it."""
        return self.direction if isinstance(self.what, str) else self.what.direction


Read: TypeAlias = Callable[[Seen], int]


class Values:
    """Computes the values of some features, and only of these."""

    __slots__ = ("_reads", "untold")

    def __init__(self, features: Sequence[tuple[str, int, tuple[str, ...]]]) -> None:
        reads: list[Read] = []
        untold: list[str] = []
        for name, most, values in features:
            read = _read(name, most, values)
            if read is None:
                untold.append(name)
                read = _told(name, most, values)
            reads.append(read)
        self._reads = tuple(reads)
        self.untold = tuple(untold)
        """Features that nothing computes here: they are what the facts say, or 0."""

    def of(self, seen: Seen) -> list[int]:
        """Give the values, in the order of the features."""
        return [read(seen) for read in self._reads]

    def missing(self, seen: Seen) -> tuple[Degraded, ...]:
        """Tell what a policy asks for and nobody has told."""
        if not self.untold:
            return ()
        return tuple(
            Degraded(f"policy.{name}", "nobody tells it here: policies take it for 0 or none")
            for name in self.untold
            if name not in seen.facts
        )


def _read(name: str, most: int, values: tuple[str, ...]) -> Read | None:
    try:
        asked = resolve(name)
    except ValueError:
        return None
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


def _told(name: str, most: int, values: tuple[str, ...]) -> Read:
    """Read a fact that only somebody else can tell; one that is told wrongly counts as none."""
    feature = Feature(name, most, values)

    def read(seen: Seen) -> int:
        facts = {**seen.facts, **_arguments(seen)}
        if not facts:
            return 0
        try:
            return values_of_facts((feature,), facts)[0]
        except ValueError:
            return 0

    return read


def _arguments(seen: Seen) -> dict[str, object]:
    """Name the arguments of a call by their paths, as the catalog does."""
    if seen.call is None or not isinstance(seen.call.arguments, Mapping):
        return {}
    found: dict[str, object] = {}
    left: list[tuple[str, object]] = [(str(k), v) for k, v in seen.call.arguments.items()]
    while left and len(found) < _ARGUMENTS_MAX:
        path, value = left.pop()
        if isinstance(value, Mapping):
            left += [(f"{path}.{key}", it) for key, it in value.items()]
        elif value is not None:
            quoted = path.replace("\\", "\\\\").replace('"', '\\"')
            found[f'tool.argument("{quoted}")'] = value
    return found


_ARGUMENTS_MAX = 256


# --- what was decided ------------------------------------------------------------------------


def _records(seen: Seen, origin: str) -> Sequence[Record]:
    records = seen.decision.records
    if not origin:
        return records
    contents = seen.contents()
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
            for it in seen.decision.degraded
        )
    )


# --- what is inspected -----------------------------------------------------------------------


def _event(seen: Seen) -> int:
    if seen.call is not None:
        return _EVENTS.index(Event.CALL) + 1
    if seen.way() is Direction.OUTPUT:
        return _EVENTS.index(Event.ANSWER) + 1
    contents = seen.contents()
    last = contents[-1] if contents else None
    if last is None:
        return _EVENTS.index(Event.MESSAGE) + 1
    if last.modality is Modality.TOOL_CALL:
        return _EVENTS.index(Event.CALL) + 1
    by_origin = {Origin.TOOL: Event.RESULT, Origin.RETRIEVAL: Event.DOCUMENT}
    return _EVENTS.index(by_origin.get(last.origin, Event.MESSAGE)) + 1


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


def _tool(seen: Seen) -> str:
    if seen.call is not None:
        return seen.call.name
    for content in reversed(seen.contents()):
        if content.modality is Modality.TOOL_CALL and content.tool:
            return content.tool
    return ""


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
        "door": _door,
        "time.of_day": _time_of_day,
        "time.weekday": _weekday,
    }
)
_TEXTS: Mapping[str, Callable[[Seen], str]] = MappingProxyType(
    {
        "tool.name": _tool,
        "tool.server": lambda seen: "" if seen.call is None else seen.call.server,
        "user": lambda seen: seen.context.user or "",
        "tenant": lambda seen: seen.caller.tenant,
        "plan": lambda seen: seen.caller.plan.value,
    }
)
