"""Read texts and chat messages in the shapes that clients send them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.enums import Direction, Modality, Origin
from aidefence.domain.errors import ContentError

Message: TypeAlias = Mapping[str, object]
Inspectable: TypeAlias = "str | Content | Sequence[Message | Content | str]"

CONTENTS_MAX = 10_000
_DEPTH_MAX = 8

ROLES: Mapping[str, Origin] = {
    "system": Origin.SYSTEM,
    "developer": Origin.SYSTEM,
    "user": Origin.USER,
    "assistant": Origin.ASSISTANT,
    "model": Origin.ASSISTANT,
    "tool": Origin.TOOL,
    "function": Origin.TOOL,
    "retrieval": Origin.RETRIEVAL,
    "document": Origin.RETRIEVAL,
    "memory": Origin.MEMORY,
}


def read(
    given: Inspectable,
    *,
    origin: Origin = Origin.USER,
    direction: Direction = Direction.INPUT,
) -> Inspection:
    """Read a text, a content, or a list of chat messages, contents and texts."""
    if isinstance(given, str):
        return Inspection((Content(given, origin),), direction)
    if isinstance(given, Content):
        return Inspection((given,), direction)
    if isinstance(given, Mapping) or not isinstance(given, Sequence):
        raise ContentError(f"cannot inspect a `{type(given).__name__}`: expected text or messages")
    if len(given) > CONTENTS_MAX:
        raise ContentError(f"`{len(given)}` messages are more than {CONTENTS_MAX}")
    parts = [part for at, item in enumerate(given) for part in _read_at(at, item, origin)]
    contents = tuple(part for part in parts if isinstance(part, Content))
    unread = dict.fromkeys(part for part in parts if isinstance(part, Degraded))
    return Inspection(contents, direction, tuple(unread))


_Part: TypeAlias = Content | Degraded


def _read_at(at: int, item: object, origin: Origin) -> Iterator[_Part]:
    try:
        yield from _read_item(item, origin)
    except ContentError as error:
        raise ContentError(error.reason, f"/{at}{error.path}") from None


def _read_item(item: object, origin: Origin) -> Iterator[_Part]:
    if isinstance(item, str):
        yield Content(item, origin)
    elif isinstance(item, Content):
        yield item
    elif isinstance(item, Mapping):
        yield from _read_message(item)
    else:
        raise ContentError(f"cannot read a `{type(item).__name__}` as a message")


def _read_message(message: Message) -> Iterator[_Part]:
    role = message.get("role")
    origin = ROLES.get(role) if isinstance(role, str) else None
    if origin is None:
        raise ContentError(f"the role is unknown: expected {', '.join(ROLES)}", "/role")
    yield from _read_body(message.get("content"), origin, _DEPTH_MAX)
    yield from _read_calls(message.get("tool_calls"))
    call = message.get("function_call")
    if isinstance(call, Mapping):
        yield _tool_call(call.get("arguments"))


def _read_body(body: object, origin: Origin, depth: int) -> Iterator[_Part]:
    if body is None:
        return
    if isinstance(body, str):
        yield Content(body, origin)
    elif isinstance(body, Sequence) and depth > 0:
        for block in body:
            yield from _read_block(block, origin, depth - 1)
    else:
        raise ContentError("message content is neither text nor a list of blocks", "/content")


def _read_block(block: object, origin: Origin, depth: int) -> Iterator[_Part]:
    if isinstance(block, str):
        yield Content(block, origin)
        return
    if not isinstance(block, Mapping):
        raise ContentError("a content block is neither text nor an object", "/content")
    kind = block.get("type", "text")
    text = block.get("text", block.get("refusal"))
    if isinstance(text, str):
        yield Content(text, origin)
    elif kind == "tool_use":
        yield _tool_call(block.get("input"))
    elif kind == "tool_result":
        yield from _read_body(block.get("content"), Origin.TOOL, depth)
    else:
        yield Degraded(f"content.{kind}", "only text is inspected by this version")


def _read_calls(calls: object) -> Iterator[_Part]:
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return
    for call in calls:
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            yield _tool_call(function.get("arguments"))


def _tool_call(arguments: object) -> Content:
    # The arguments are the model's words, whatever dress they wear.
    text = arguments if isinstance(arguments, str) else _as_json(arguments)
    return Content(text, Origin.ASSISTANT, Modality.TOOL_CALL)


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ContentError("tool arguments are not JSON") from error
