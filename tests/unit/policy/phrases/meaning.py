"""Whether two policies mean the same, tried out on every value that makes a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from aidefence.policy.conditions import features_of
from aidefence.policy.image import Feature, Image

_TRIES_MAX = 400_000
_Request = Mapping[Any, Any]


def same_meaning(one: Image, other: Image) -> bool:
    """Compare what two policies decide on all requests that their conditions can tell apart."""
    if _temporal(one) != _temporal(other):
        return False
    values = _values(one, other)
    tries = 1
    for it in values.values():
        tries *= len(it)
    assert tries <= _TRIES_MAX, f"{tries} requests to try"
    names = list(values)
    for chosen in product(*values.values()):
        request = dict(zip(names, chosen, strict=True))
        if _decision(one, request) is not _decision(other, request):
            return False
    return True


def _decision(image: Image, request: _Request) -> Any:
    return next((it.action for it in image.rules if _holds(it.when, image, request)), image.default)


def _holds(cond: Any, image: Image, request: _Request) -> bool:  # noqa: PLR0911 -- one table
    match cond:
        case ["tt"]:
            return True
        case ["ff"]:
            return False
        case ["ge", feature, least]:
            return bool(_number(image, feature, request) >= least)
        case ["eq", feature, number]:
            return bool(_number(image, feature, request) == number)
        case ["not", part]:
            return not _holds(part, image, request)
        case ["and", a, b]:
            return _holds(a, image, request) and _holds(b, image, request)
        case ["or", a, b]:
            return _holds(a, image, request) or _holds(b, image, request)
    raise AssertionError(cond)


def _number(image: Image, at: int, request: _Request) -> int:
    feature = image.features[at]
    value = request[_key(feature, image)]
    if isinstance(value, str):
        return feature.values.index(value) + 1 if value in feature.values else 0
    return min(int(value), feature.most)


def _key(feature: Feature, image: Image) -> Any:
    """Know a history or a count by its definition: its name is as its author wrote it."""
    if feature.count is not None:
        when = _named(feature.count.when, image)
        return (when, feature.count.window_ms, feature.per, feature.attempts, feature.most)
    if feature.history is not None:
        parts = tuple(_named(it, image) for it in feature.history[1:])
        return (feature.history[0], parts, feature.per, feature.attempts)
    return feature.name


def _values(*images: Image) -> dict[Any, list[Any]]:
    found: dict[Any, set[Any]] = {}
    for image in images:
        asked = set[int]().union(*(features_of(it.when) for it in image.rules))
        for at in asked:
            feature = image.features[at]
            known = found.setdefault(_key(feature, image), set())
            if feature.values:
                known.update(("", *feature.values))
            else:
                known.update((0, feature.most))
                for rule in image.rules:
                    for bound in _bounds(rule.when, at):
                        near = (bound - 1, bound, bound + 1)
                        known.update(it for it in near if 0 <= it <= feature.most)
    return {name: sorted(values, key=str) for name, values in found.items()}


def _bounds(cond: Any, feature: int) -> Iterator[int]:
    if cond[0] in {"ge", "eq"}:
        if cond[1] == feature:
            yield cond[2]
        return
    for part in cond[1:]:
        yield from _bounds(part, feature)


def _temporal(image: Image) -> list[Any]:
    return [(it.action, _named(it.formula, image)) for it in image.temporal]


def _named(formula: Any, image: Image) -> Any:
    if formula[0] in {"ge", "eq"}:
        feature = image.features[formula[1]]
        value = formula[2]
        if feature.values and value:
            value = feature.values[value - 1]
        return (formula[0], _key(feature, image), value)
    return tuple(_named(it, image) if isinstance(it, tuple) else it for it in formula)
