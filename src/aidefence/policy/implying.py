"""What follows from what: a secret of some kind that was found is a secret that was found.

The request tells each feature by itself. Where a policy asks about both, the wider question is
asked so that it holds wherever the narrower one does: nothing that can be proved or searched then
speaks of requests that cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aidefence.policy.catalog import resolve

_ANY_OF = {"origin": "any_origin", "modality": "any_modality"}


def wider(names: Iterable[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Give for each name what it follows from: names that are asked about, and a least value.

    Of a choice the value is the one that it must have.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        for wide, value in _wider(name):
            found.setdefault(wide, []).append((name, value))
    return {name: tuple(narrow) for name, narrow in found.items()}


def _wider(name: str) -> Iterator[tuple[str, int]]:
    asked = resolve(name)
    if asked.glob is not None or asked.presence:
        return
    spec = asked.spec.name
    if spec in {"found", "found_count"}:
        category, _, kind = asked.argument.partition(".")
        if kind:
            yield f"found({category})", 1
        if spec == "found_count":
            yield name.replace("found_count", "found", 1), 1
    elif spec == "degraded" and asked.argument:
        yield spec, 1
    elif spec == "confidence" and asked.origin:
        yield f"{spec}({asked.argument})", 0
    elif spec in _ANY_OF:
        for code, word in enumerate(asked.spec.choices, 1):
            yield f"{_ANY_OF[spec]}({word})", code
