"""Explains a policy: what each rule says, what it asks about, and requests that show it at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aidefence.domain.enums import Action, Severity
from aidefence.policy.catalog import Kind, resolve
from aidefence.policy.compiling import Compiled
from aidefence.policy.conditions import VALUE_MAX
from aidefence.policy.facts import fact_name
from aidefence.policy.formatting import format_item, format_value
from aidefence.policy.image import Feature, PolicyRule
from aidefence.policy.paraphrase import paraphrase
from aidefence.policy.seeking import AtFirst, Search, listed
from aidefence.policy.tree import (
    Default,
    Define,
    Header,
    Item,
    OnError,
    Prove,
    Rule,
    Timezone,
    Unit,
    Value,
)
from aidefence.policy.trials import Judge, Ruled

EXAMPLES_MAX = 50
_TRIES = 8
# What looks back to the event before needs two.
_REPEATED_MIN = 2
_UNITS = {
    Kind.SCORE: Unit.PERCENT,
    Kind.DURATION: Unit.DURATION,
    Kind.TIME_OF_DAY: Unit.CLOCK,
}
_WORDS = {
    Kind.FLAG: ("no", "yes"),
    Kind.SEVERITY: ("none", *(it.value for it in Severity)),
    Kind.ACTION: tuple(it.value for it in Action),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a policy says: its name, if it has one, as written, and in plain words."""

    id: str
    written: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Asking:
    """One feature that a policy asks about."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Example:
    """A request and what is decided about it; `times` is how often it came before it counted."""

    facts: Mapping[str, str]
    action: Action
    rules: tuple[str, ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """A policy in words, with examples; rules for which the search found none are `unshown`."""

    told: tuple[Told, ...]
    asks: tuple[Asking, ...]
    examples: tuple[Example, ...]
    unshown: tuple[str, ...]


def explain(compiled: Compiled) -> Explanation:
    """Explain a policy. The examples are decided by the evaluator that decides in service too."""
    header = [compiled.source.header] if compiled.source.header else []
    rooms = dict.fromkeys(placed.room for placed in compiled.said)
    defined = [one.item for room in rooms for one in room.definitions.values()]
    said = [placed.item for placed in compiled.said]
    settings = [it for it in said if isinstance(it, Timezone | Default | OnError)]
    told = tuple(
        Told(_name(it), format_item(it), paraphrase(it))
        for it in (*header, *settings, *defined, *(one for one in said if one not in settings))
    )
    asks = tuple(_asking(it) for it in compiled.image.features)
    examples, unshown = _Examples(compiled).all()
    return Explanation(told, asks, tuple(examples), tuple(unshown))


def _name(item: Header | Item) -> str:
    if isinstance(item, Define | Header):
        return item.name
    return item.id if isinstance(item, Rule | Prove) else ""


def _asking(feature: Feature) -> Asking:
    if not feature.is_raw:
        scope = f"of the {feature.per.value}"
        told = "counts earlier events" if feature.count else "looks back on earlier events"
        attempts = ", refused ones as well" if feature.attempts else " that were let through"
        return Asking(feature.name, "memory", f"{told} {scope}{attempts}")
    asked = resolve(feature.name)
    return Asking(feature.name, asked.kind.value, asked.spec.meaning)


class _Examples:
    def __init__(self, compiled: Compiled) -> None:
        self._image = compiled.image
        self._judge = Judge(compiled.image)
        self._size = len(compiled.image.features)
        self._first = AtFirst(compiled.image.features)

    def all(self) -> tuple[list[Example], list[str]]:
        examples, unshown = [self._example({})], []
        for rule in self._image.rules[:EXAMPLES_MAX]:
            found = list(self._of(rule))
            examples += [it for it in found if it not in examples]
            if not found:
                unshown.append(rule.id)
        return examples, unshown

    def _of(self, rule: PolicyRule) -> Iterator[Example]:
        """Find a request that a rule decides, and one nearly like it that it does not."""
        values = self._deciding(rule)
        if values is not None:
            yield self._example(values)
            near = self._near(values, rule)
            if near is not None:
                yield near
            return
        repeated = self._repeated(rule)
        if repeated is not None:
            yield repeated

    def _deciding(self, rule: PolicyRule) -> dict[int, int] | None:
        goals = [(self._first.of(rule.when), True)]
        search = Search(self._image.features)
        for _ in range(_TRIES):
            values = search.request(goals)
            if values is None:
                return None
            decided = self._ruled(values).rules
            if rule.id in decided:
                return values
            others = [it for it in self._image.rules if it.id in decided]
            if not others:
                return None
            goals += [(self._first.of(it.when), False) for it in others]
        return None

    def _near(self, values: Mapping[int, int], rule: PolicyRule) -> Example | None:
        for number, value in sorted(values.items()):
            for other in (value - 1, 0):
                changed = {**values, number: other}
                ruled = self._ruled(changed)
                if rule.id not in ruled.rules and ruled.action < rule.action:
                    return self._example({key: it for key, it in changed.items() if it})
        return None

    def _repeated(self, rule: PolicyRule) -> Example | None:
        """Try a request over and over: what is counted or remembered then adds up.

        It adds up only where no other rule stops the request.
        """
        stopping = [
            (self._first.of(it.when), False)
            for it in self._image.rules
            if it.action >= Action.REVIEW and it is not rule
        ]
        wanted = (AtFirst(self._image.features, is_repeated=True).of(rule.when), True)
        values = Search(self._image.features).request([wanted, *stopping])
        if values is None:
            return None
        raw = {it: value for it, value in values.items() if self._image.features[it].is_raw}
        given, state = listed(raw, self._size), None
        counted = [it.most for it in self._image.features if it.count]
        for times in range(1, max(counted, default=_REPEATED_MIN) + 2):
            ruled, state = self._judge.ruled(given, state, times)
            if rule.id in ruled.rules:
                return Example(self._facts(raw), ruled.action, ruled.rules, times)
        return None

    def _ruled(self, values: Mapping[int, int]) -> Ruled:
        return self._judge.ruled(listed(values, self._size), None, 0)[0]

    def _example(self, values: Mapping[int, int]) -> Example:
        ruled = self._ruled(values)
        return Example(self._facts(values), ruled.action, ruled.rules)

    def _facts(self, values: Mapping[int, int]) -> dict[str, str]:
        features = self._image.features
        return {
            fact_name(features[number].name): shown_value(features[number], value)
            for number, value in sorted(values.items())
            if features[number].is_raw
        }


def shown_value(feature: Feature, value: int) -> str:
    """Write the value of a raw feature as a person would."""
    kind = resolve(feature.name).kind
    if kind in _UNITS:
        return format_value(Value(_UNITS[kind], value))
    if kind in _WORDS:
        return _WORDS[kind][value]
    if feature.values:
        return ("any other", *feature.values)[value]
    if kind is Kind.MONEY:
        return f"{value // 100}.{value % 100:02}"
    return "the largest" if value == VALUE_MAX else str(value)
