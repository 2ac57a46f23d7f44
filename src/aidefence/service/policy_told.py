"""What a policy asks about that somebody tells: arguments of calls, facts of an application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from aidefence.policy.catalog import Asked, Kind, resolve
from aidefence.policy.facts import values_of_facts
from aidefence.policy.image import Feature
from aidefence.service.policy_seen import Read, Seen


def facts_in(features: Sequence[tuple[str, int, tuple[str, ...]]]) -> Iterator[tuple[str, str]]:
    """Give the facts whose values are asked for; whether there is one is known of each."""
    for name, _, _ in features:
        try:
            asked = resolve(name)
        except ValueError:
            continue
        if asked.spec.name == "fact" and not asked.presence:
            base = Asked(asked.spec, asked.argument, kind=asked.spec.kind).name
            yield base, asked.argument


def read_told(name: str, most: int, values: tuple[str, ...]) -> Read:
    """Read a fact that only somebody else can tell; one that is told wrongly counts as none."""
    feature = Feature(name, most, values)

    def read(seen: Seen) -> int:
        try:
            return values_of_facts((feature,), seen.facts)[0] if seen.facts else 0
        except ValueError:
            return 0

    return read


def fact(asked: Asked, feature: Feature) -> Read:
    """Read what the application tells of the request; what is told wrongly counts as none."""
    fact = Asked(asked.spec, asked.argument, kind=asked.spec.kind).name

    def read(seen: Seen) -> int:
        found: object = seen.context.facts.get(asked.argument)
        if found is None:
            found = seen.facts.get(fact)
        if asked.kind is Kind.FLAG and found in _FLAGS:
            found = _FLAGS[found]
        try:
            return 0 if found is None else values_of_facts((feature,), {fact: found})[0]
        except ValueError:
            return 0

    return read


# Some doors have texts alone.
_FLAGS: Mapping[object, bool] = MappingProxyType({"true": True, "false": False})


def argument(asked: Asked, feature: Feature) -> Read:
    """Read an argument of the call by its path, however many others there are."""
    fact = Asked(asked.spec, asked.argument, kind=asked.spec.kind).name

    def read(seen: Seen) -> int:
        found = None if seen.call is None else _at(seen.call.arguments, asked.argument)
        if found is None:
            found = seen.facts.get(fact)
        return 0 if found is None else values_of_facts((feature,), {fact: found})[0]

    return read


def _at(value: object, path: str) -> object:
    """Give what stands at a path through objects; a name may hold dots itself."""
    if not isinstance(value, Mapping):
        return None
    if value.get(path) is not None:
        return value[path]
    at = path.find(".")
    while at >= 0:
        found = _at(value.get(path[:at]), path[at + 1 :])
        if found is not None:
            return found
        at = path.find(".", at + 1)
    return None
