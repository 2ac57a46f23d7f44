"""Take messages out of a chat without leaving calls and results without each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

WITHHELD = "[withheld by policy]"

_Fields: TypeAlias = Mapping[str, object]


def without(given: object, paths: Iterable[str]) -> object:
    """Give a copy without what stands at these JSON pointers; other things are handed on."""
    if not isinstance(given, Mapping):
        return _listed(given, _indexes(paths, ""))
    named = list(paths)
    whole = {path for path in named if path.count("/") == 1}
    kept: dict[object, object] = {k: v for k, v in given.items() if f"/{k}" not in whole}
    for key in ("messages", "input", "documents"):
        if key in kept:
            kept[key] = _listed(kept[key], _indexes(named, f"/{key}"))
    return kept


def _indexes(paths: Iterable[str], before: str) -> set[int]:
    cut = [path.rpartition("/") for path in paths]
    return {int(last) for first, _, last in cut if first == before and last.isdigit()}


def _listed(messages: object, out: set[int]) -> object:
    if isinstance(messages, str) or not isinstance(messages, Sequence) or not out:
        return messages
    dropped = {
        call
        for at in out
        if at < len(messages) and not _is_result(messages[at])
        for call in _calls(messages[at])
    }
    kept: list[object] = []
    for at, message in enumerate(messages):
        left = _emptied(message) if at in out else message
        left = _without_results(left, dropped) if dropped else left
        if left is not None:
            kept.append(left)
    return tuple(kept) if isinstance(messages, tuple) else kept


def _emptied(message: object) -> object | None:
    """Keep of a quarantined message only that results came; none where it held none."""
    if not isinstance(message, Mapping):
        return None
    if message.get("role") in _RESULT_ROLES:
        return {**message, "content": WITHHELD}
    if _is_result_item(message):
        return {**message, "output": WITHHELD}
    results = [{**it, "content": WITHHELD} for it in _blocks(message) if _is_result_block(it)]
    return {**message, "content": results} if results else None


def _without_results(message: object, calls: set[str]) -> object | None:
    if not isinstance(message, Mapping):
        return message
    if message.get("tool_call_id") in calls:
        return None
    if _is_result_item(message) and message.get("call_id") in calls:
        return None
    blocks = list(_blocks(message))
    left = [it for it in blocks if it.get("tool_use_id") not in calls]
    if len(left) == len(blocks):
        return message
    rest = [it for it in _content(message) if it in left or not isinstance(it, Mapping)]
    return {**message, "content": rest} if rest else None


def _is_result(message: object) -> bool:
    if not isinstance(message, Mapping):
        return False
    return (
        message.get("role") in _RESULT_ROLES
        or _is_result_item(message)
        or any(_is_result_block(it) for it in _blocks(message))
    )


def _is_result_item(message: _Fields) -> bool:
    kind = message.get("type")
    return isinstance(kind, str) and kind.endswith("_call_output")


def _is_result_block(block: _Fields) -> bool:
    return "tool_use_id" in block


def _calls(message: object) -> Iterator[str]:
    if not isinstance(message, Mapping):
        return
    calls = message.get("tool_calls")
    listed = calls if isinstance(calls, Sequence) and not isinstance(calls, str) else ()
    for it in (*listed, *_blocks(message)):
        if isinstance(it, Mapping) and isinstance(it.get("id"), str):
            yield it["id"]
    if isinstance(message.get("call_id"), str):
        yield str(message["call_id"])


def _blocks(message: _Fields) -> Iterator[_Fields]:
    return (it for it in _content(message) if isinstance(it, Mapping))


def _content(message: _Fields) -> Sequence[object]:
    content = message.get("content")
    return content if isinstance(content, Sequence) and not isinstance(content, str) else ()


_RESULT_ROLES = frozenset({"tool", "function"})
