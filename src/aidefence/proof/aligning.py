"""Two policies over one table of features, so that a condition means the same in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aidefence.policy.conditions import FALSE, Cond, Ltl
from aidefence.policy.image import Count, Feature, Image


def aligned(first: Image, second: Image) -> tuple[Image, Image]:
    """Give both policies the features of both; those of the first keep their numbers.

    A feature is known again by its name and by what it remembers, values by their strings.
    """
    table = list(first.features)
    places = {it.name: at for at, it in enumerate(table) if it.is_raw}
    for it in second.features:
        if not it.is_raw:
            continue
        if it.name in places:
            at = places[it.name]
            table[at] = _joined(table[at], it)
        else:
            places[it.name] = len(table)
            table.append(it)
    ours = _Move([_renumbered(at, it, table[at]) for at, it in enumerate(first.features)])
    table[: len(first.features)] = [
        _moved(it, ours) if not it.is_raw else it for it in table[: len(first.features)]
    ]
    theirs = _Move([])
    for it in second.features:
        at = places[it.name] if it.is_raw else _place(_moved(it, theirs), table)
        theirs.parts.append(_renumbered(at, it, table[at]))
    return _with(first, table, ours), _with(second, table, theirs)


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a feature went, and which number each of its strings has there; none: as it was."""

    place: int
    numbers: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class _Move:
    parts: list[_Part]

    def condition(self, when: Cond) -> Cond:
        kind = when[0]
        if kind in ("ge", "eq"):
            return self._leaf(when)
        return (kind, *(self.condition(part) for part in when[1:]))  # type: ignore[arg-type]

    def _leaf(self, when: Cond) -> Cond:
        kind, feature, number = when
        if not isinstance(feature, int) or not isinstance(number, int):
            raise TypeError("a feature and a threshold are numbers")
        part = self.parts[feature]
        if part.numbers is None:
            return (kind, part.place, number)
        known = sorted(part.numbers.items())
        if kind == "eq" and number:
            return _any([("eq", part.place, new) for old, new in known if old == number])
        if kind == "eq":
            # Nought is every string that this policy does not name.
            return ("not", _any([("eq", part.place, new) for _, new in known]))
        if not number:
            return ("tt",)
        return _any([("eq", part.place, new) for old, new in known if old >= number])

    def temporal(self, formula: Ltl) -> Ltl:
        kind = formula[0]
        if kind == "atom":
            return (kind, self.condition(formula[1]))  # type: ignore[arg-type]
        return (kind, *(self.temporal(part) for part in formula[1:]))  # type: ignore[arg-type]


def _joined(one: Feature, other: Feature) -> Feature:
    if not (one.values or other.values):
        return replace(one, most=max(one.most, other.most))
    values = (*one.values, *(it for it in other.values if it not in one.values))
    return replace(one, values=values, most=max(1, len(values)))


def _renumbered(place: int, before: Feature, after: Feature) -> _Part:
    if before.values == after.values:
        return _Part(place, None)
    numbers = {at: after.values.index(it) + 1 for at, it in enumerate(before.values, 1)}
    return _Part(place, numbers)


def _moved(feature: Feature, move: _Move) -> Feature:
    if feature.count is not None:
        when = move.condition(feature.count.when)
        return replace(feature, count=Count(when, feature.count.window_ms))
    kind, *parts = feature.history or ()
    return replace(feature, history=(kind, *(move.condition(it) for it in parts)))  # type: ignore[arg-type]


def _place(wanted: Feature, table: list[Feature]) -> int:
    """Find a remembered feature that is the same, or give it a place at the end."""
    for at, it in enumerate(table):
        if replace(it, name=wanted.name) == wanted:
            return at
    taken = {it.name for it in table}
    name = wanted.name
    while name in taken:
        name += "'"
    table.append(replace(wanted, name=name))
    return len(table) - 1


def _with(image: Image, table: Sequence[Feature], move: _Move) -> Image:
    return replace(
        image,
        features=tuple(table),
        rules=tuple(replace(it, when=move.condition(it.when)) for it in image.rules),
        temporal=tuple(replace(it, formula=move.temporal(it.formula)) for it in image.temporal),
    )


def _any(parts: Sequence[Cond]) -> Cond:
    if not parts:
        return FALSE
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return ("or", _any(parts[:middle]), _any(parts[middle:]))
