"""Whether arguments fit the schema that a tool was published with. No pattern is ever run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aidefence.domain.canonical import canonical, escape_key

Misfit = tuple[str, str, str]
"""Rule, pointer into the arguments, and what was expected there."""

MISFITS_MAX = 50
_DEPTH_MAX = 32
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("object", "dict"), (Mapping,)),
    **dict.fromkeys(("array", "list", "tuple"), (list, tuple)),
    **dict.fromkeys(("string", "str"), (str,)),
    **dict.fromkeys(("number", "float", "double"), (int, float)),
    **dict.fromkeys(("integer", "int", "long"), (int,)),
    **dict.fromkeys(("boolean", "bool"), (bool,)),
    "null": (type(None),),
}
_Limit = tuple[str, str, Callable[[Any, Any], bool], tuple[type, ...]]
_LIMITS: tuple[_Limit, ...] = (
    ("minimum", "at least", lambda value, limit: value >= limit, (int, float)),
    ("maximum", "at most", lambda value, limit: value <= limit, (int, float)),
    ("exclusiveMinimum", "more than", lambda value, limit: value > limit, (int, float)),
    ("exclusiveMaximum", "less than", lambda value, limit: value < limit, (int, float)),
    ("minLength", "no shorter than", lambda value, limit: len(value) >= limit, (str,)),
    ("maxLength", "no longer than", lambda value, limit: len(value) <= limit, (str,)),
    ("minItems", "no fewer than", lambda value, limit: len(value) >= limit, (list, tuple)),
    ("maxItems", "no more than", lambda value, limit: len(value) <= limit, (list, tuple)),
)


def misfits(value: object, schema: object) -> tuple[Misfit, ...]:
    """Tell where arguments do not fit a schema, at most fifty places.

    Read are types, properties, required and allowed values, limits and items; of alternatives
    one must fit. References are followed within the schema.
    """
    found = []
    for misfit in _check(value, schema, schema, "", _DEPTH_MAX):
        found.append(misfit)
        if len(found) >= MISFITS_MAX:
            break
    return tuple(found)


def _check(
    value: object, schema: object, root: object, pointer: str, depth: int
) -> Iterator[Misfit]:
    schema = _resolved(schema, root)
    if not isinstance(schema, Mapping) or depth <= 0:
        return
    if not _is_of(value, schema.get("type"), schema):
        yield "call-wrong-type", pointer, f"expected {_named(schema.get('type'))}"
        return
    yield from _check_allowed(value, schema, pointer)
    yield from _check_limits(value, schema, pointer)
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, Sequence) and not isinstance(options, str) and options:
            tried = [list(_check(value, it, root, pointer, depth - 1)) for it in options[:16]]
            if all(tried):
                yield from min(tried, key=len)
    if isinstance(value, Mapping):
        yield from _check_object(value, schema, root, pointer, depth)
    elif isinstance(value, list | tuple) and isinstance(schema.get("items"), Mapping):
        for at, item in enumerate(value[:1_000]):
            yield from _check(item, schema["items"], root, f"{pointer}/{at}", depth - 1)


def _check_object(
    value: Mapping[str, object],
    schema: Mapping[str, object],
    root: object,
    pointer: str,
    depth: int,
) -> Iterator[Misfit]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else None
    required = schema.get("required")
    if isinstance(required, Sequence) and not isinstance(required, str):
        for name in required[:1_000]:
            if isinstance(name, str) and name not in value:
                yield "call-missing-argument", pointer, f"`{name[:80]}`"
    open_ended = schema.get("additionalProperties", None)
    closed = open_ended is False or (open_ended is None and known is not None and bool(known))
    # Keys by pattern, or from alternatives, are not told from unknown ones.
    closed = closed and not any(
        key in schema for key in ("patternProperties", "anyOf", "oneOf", "allOf")
    )
    for name, inner in value.items():
        place = f"{pointer}/{escape_key(name)}"
        if known is not None and name in known:
            yield from _check(inner, known[name], root, place, depth - 1)
        elif closed:
            yield "call-unknown-argument", place, f"`{name[:80]}`"
        elif isinstance(open_ended, Mapping):
            yield from _check(inner, open_ended, root, place, depth - 1)


def _check_allowed(value: object, schema: Mapping[str, object], pointer: str) -> Iterator[Misfit]:
    allowed = schema.get("enum")
    if isinstance(allowed, Sequence) and not isinstance(allowed, str) and allowed:
        spelled = canonical(value)
        if spelled not in {canonical(it) for it in allowed[:10_000]}:
            yield "call-not-in-enum", pointer, ""
    if "const" in schema and canonical(schema["const"]) != canonical(value):
        yield "call-not-in-enum", pointer, ""


def _check_limits(value: object, schema: Mapping[str, object], pointer: str) -> Iterator[Misfit]:
    if isinstance(value, bool):
        return
    for key, words, holds, kinds in _LIMITS:
        limit = schema.get(key)
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            continue
        if isinstance(value, kinds) and not holds(value, limit):
            yield "call-out-of-range", pointer, f"expected {words} {limit}"


def _is_of(value: object, kind: object, schema: Mapping[str, object]) -> bool:
    if value is None and schema.get("nullable") is True:
        return True
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        return not kind or any(_is_of(value, it, {}) for it in kind)
    kinds = _KINDS.get(kind.lower()) if isinstance(kind, str) else None
    if kinds is None:
        return True
    if isinstance(value, bool):
        return bool in kinds
    if int in kinds and float not in kinds and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, kinds)


def _resolved(schema: object, root: object) -> object:
    for _ in range(_DEPTH_MAX):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        schema = root
        for part in reference[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            schema = schema.get(key) if isinstance(schema, Mapping) else None
    return None


def _named(kind: object) -> str:
    return f"`{kind[:40]}`" if isinstance(kind, str) else "another type"
