"""Requests in words: what a person would have to send to see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aidefence.domain.enums import ACTIONS, Severity
from aidefence.policy.catalog import Kind, resolve
from aidefence.policy.image import Feature, Image
from aidefence.proof.conditions import Formula, atoms
from aidefence.proof.outcomes import Event

_HUNDREDTHS = 100
_MINUTES = 60


def in_words(
    image: Image, events: Sequence[Event], asked: Iterable[Formula] = ()
) -> tuple[str, ...]:
    """Tell a trace, event by event: what is asked about, whatever is not nought, and what came.

    Events that follow one another and are alike are told once.
    """
    shown = {feature for it in asked for feature, _ in atoms(it)}
    told: list[tuple[str, int]] = []
    for at, event in enumerate(events):
        line = _event(image, event, shown if at == len(events) - 1 else set())
        if told and told[-1][0] == line:
            told[-1] = (line, told[-1][1] + 1)
        else:
            told.append((line, 1))
    return tuple(line if times == 1 else f"{times} times: {line}" for line, times in told)


def _event(image: Image, event: Event, shown: set[int]) -> str:
    parts = [
        value_in_words(feature, value)
        for at, (feature, value) in enumerate(zip(image.features, event.values, strict=True))
        if feature.is_raw and (value or at in shown)
    ]
    decided = ACTIONS[event.action].value
    causes = [f"rule `{image.rules[at].id}`" for at in event.rules[:1]]
    causes += [f"temporal rule `{image.temporal[at].id}`" for at in event.violated]
    because = f" by {', '.join(causes)}" if causes else " by default"
    when = f"after {event.at_ms} ms, " if event.at_ms else ""
    return f"{when}{', '.join(parts) or 'a request with nothing in it'}: {decided}{because}"


def value_in_words(feature: Feature, value: int) -> str:
    """Say what a feature has as its value."""
    if feature.values:
        if not value:
            return f"{feature.name} is none of those named"
        return f'{feature.name} is "{feature.values[value - 1]}"'
    try:
        kind = resolve(feature.name).kind
    except ValueError:
        return f"{feature.name} is {value}"
    return f"{feature.name} is {_value(kind, value)}"


def _value(kind: Kind, value: int) -> str:  # noqa: PLR0911 -- one table
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.SCORE:
        return f"{value / _HUNDREDTHS:g} %"
    if kind is Kind.MONEY:
        return f"{value // _HUNDREDTHS}.{value % _HUNDREDTHS:02d}"
    if kind is Kind.DURATION:
        return f"{value} ms"
    if kind is Kind.TIME_OF_DAY:
        return f"{value // _MINUTES:02d}:{value % _MINUTES:02d}"
    if kind is Kind.SEVERITY:
        return ("none", *(it.value for it in Severity))[value]
    if kind is Kind.ACTION:
        return ACTIONS[value].value
    return str(value)
