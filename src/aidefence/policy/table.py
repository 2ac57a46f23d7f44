"""Numbers the features of a policy in the order in which it first asks about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from aidefence.domain.errors import LimitError
from aidefence.domain.policies import Scope
from aidefence.policy.catalog import Asked, Kind, resolve
from aidefence.policy.conditions import DEPTH_MAX, FALSE, TRUE, Cond, all_of, any_of, negated
from aidefence.policy.image import FEATURES_MAX, NODES_MAX, VALUES_MAX, Count, Feature
from aidefence.policy.implying import wider
from aidefence.policy.tree import Memory

_NAME_LEN_MAX = 400


class Built(NamedTuple):
    """A condition, or a formula, and how large it is."""

    cond: Cond
    nodes: int = 1
    depth: int = 1


ALWAYS = Built(TRUE)
NEVER = Built(FALSE)


def leaf(operator: str, feature: int, value: int) -> Built:
    """Compare a feature with a number."""
    return Built((operator, feature, value))


def opposite(part: Built) -> Built:
    """Negate a condition."""
    cond = negated(part.cond)
    by = 1 if cond[0] == "not" else 0
    return Built(cond, part.nodes + by, part.depth + by)


def every(*parts: Built) -> Built:
    """Join conditions by `and`."""
    return _joined(all_of([it.cond for it in parts]), parts)


def some(*parts: Built) -> Built:
    """Join conditions by `or`."""
    return _joined(any_of([it.cond for it in parts]), parts)


def _joined(cond: Cond, parts: tuple[Built, ...]) -> Built:
    if len(cond) == 1:
        return Built(cond)
    deeper = max(0, len(parts) - 1).bit_length()
    return limited(
        Built(
            cond,
            sum(it.nodes for it in parts) + len(parts) - 1,
            max(it.depth for it in parts) + deeper,
        )
    )


def limited(part: Built) -> Built:
    """Refuse what is larger than an image may hold, before anything walks through it.

    Raises:
        LimitError: it is too large or too deep.

    """
    if part.nodes > NODES_MAX:
        raise LimitError("nodes of a condition", part.nodes, NODES_MAX)
    if part.depth > DEPTH_MAX:
        raise LimitError("levels of a condition", part.depth, DEPTH_MAX)
    return part


@dataclass(slots=True)
class _Row:
    feature: Feature
    values: dict[str, int]


class Table:
    """The features of a policy.

    `known` are those that an earlier pass has met, each with the texts it is compared with: only
    when all are met is it known which pattern a text fits, and what follows from what.
    """

    def __init__(self, known: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._rows: list[_Row] = []
        self._numbers: dict[object, int] = {}
        self._names: set[str] = set()
        self._known = known or {}
        self._wider = wider(self._known)
        self._has_patterns = False

    def raw(self, asked: Asked) -> int:
        """Give the number of a feature that the request tells."""
        number = self._numbers.get(asked.name)
        if number is None:
            known = self._known.get(asked.name, ()) if asked.kind is Kind.TEXT else ()
            feature = asked.feature(known)
            number = self._add(asked.name, feature)
            self._rows[number].values = {it: at for at, it in enumerate(known, 1)}
        return number

    def text(self, asked: Asked, value: str) -> Built:
        """Compare a text with one that it may be."""
        number = self.raw(asked)
        values = self._rows[number].values
        if value not in values and len(values) >= VALUES_MAX:
            raise LimitError(f"texts for `{asked.name[:80]}`", len(values) + 1, VALUES_MAX)
        return leaf("eq", number, values.setdefault(value, len(values) + 1))

    def texts(self, asked: Asked) -> Mapping[str, int]:
        """Give the texts that a feature is compared with, as far as they are known."""
        self._has_patterns = True
        return dict.fromkeys(self._known.get(asked.name, ()), 0)

    def narrower(self, asked: Asked) -> list[Built]:
        """Give comparisons that each imply a flag."""
        return [
            leaf("eq" if resolve(name).kind is Kind.CHOICE else "ge", self.raw(resolve(name)), it)
            for name, it in self._wider.get(asked.name, ())
        ]

    def parts(self, asked: Asked) -> list[int]:
        """Give the numbers of features that a score is at least as large as."""
        return [self.raw(resolve(name)) for name, _ in self._wider.get(asked.name, ())]

    def history(self, name: str, history: tuple[object, ...], memory: Memory) -> Built:
        """Give a condition on what was before."""
        feature = Feature(name, 1, history=history, attempts=memory.attempts, per=memory.per)
        key = (history, memory.attempts, memory.per)
        return leaf("eq", self._derived(key, feature), 1)

    def count(self, name: str, when: Cond, window_ms: int, most: int, memory: Memory) -> int:
        """Give the number of the feature that counts earlier events, `most` at least."""
        counted = Count(when, window_ms)
        key = (counted, memory.attempts, memory.per)
        feature = Feature(name, most, count=counted, attempts=memory.attempts, per=memory.per)
        number = self._derived(key, feature)
        row = self._rows[number]
        if row.feature.most < most:
            row.feature = replace(row.feature, most=most)
        return number

    def features(self) -> tuple[Feature, ...]:
        """Give all features in the order of their numbers."""
        return tuple(
            replace(row.feature, values=tuple(row.values), most=len(row.values))
            if row.values and row.feature.is_raw
            else row.feature
            for row in self._rows
        )

    def met(self) -> dict[str, tuple[str, ...]]:
        """Give what the request is asked about, with the texts it is compared with."""
        return {row.feature.name: tuple(row.values) for row in self._rows if row.feature.is_raw}

    @property
    def is_settled(self) -> bool:
        """Whether another pass that knows what this one has met would build the same."""
        met = self.met()
        is_wider = any(name in met for name in wider(met))
        return not is_wider and not (self._has_patterns and any(met.values()))

    def _derived(self, key: object, feature: Feature) -> int:
        number = self._numbers.get(key)
        if number is not None:
            return number
        short = feature.name
        if len(short) > _NAME_LEN_MAX:
            short = f"{short[: _NAME_LEN_MAX - 1]}…"
        name, copy = short, 1
        while name in self._names:
            copy += 1
            name = f"{short} #{copy}"
        return self._add(key, replace(feature, name=name))

    def _add(self, key: object, feature: Feature) -> int:
        if len(self._rows) >= FEATURES_MAX:
            raise LimitError("features", len(self._rows) + 1, FEATURES_MAX)
        self._numbers[key] = len(self._rows)
        self._names.add(feature.name)
        self._rows.append(_Row(feature, {}))
        return len(self._rows) - 1


SESSION = Memory(Scope.SESSION)
