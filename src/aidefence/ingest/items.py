"""Read one message, or one item of a response, of whatever dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from aidefence.domain.content import Content
from aidefence.domain.enums import Origin
from aidefence.domain.errors import ContentError
from aidefence.ingest.blocks import (
    Fields,
    Frame,
    Part,
    read_body,
    read_call,
    read_document,
    read_output,
    unread,
    word,
)

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


def read_item(item: object, origin: Origin) -> Iterator[Part]:
    """Read a text, a content, a message or an item; texts alone come from `origin`."""
    if isinstance(item, str):
        yield Content(item, origin)
    elif isinstance(item, Content):
        yield item
    elif isinstance(item, Mapping):
        yield from _read_mapping(item)
    else:
        raise ContentError(f"cannot read a `{type(item).__name__}` as a message")


def speaker(item: object) -> Origin | None:
    """Tell who speaks, as far as that can be known without reading; none where it cannot."""
    if isinstance(item, Content):
        return item.origin
    if not isinstance(item, Mapping):
        return None
    role, kind = item.get("role"), item.get("type")
    if isinstance(role, str):
        return ROLES.get(role)
    if isinstance(kind, str):
        return Origin.TOOL if kind.endswith(("_output", "_result")) else Origin.ASSISTANT
    return None


def _read_mapping(item: Fields) -> Iterator[Part]:
    kind = item.get("type")
    if "role" not in item and isinstance(kind, str):
        reader = _ITEMS.get(kind)
        if reader is None:
            yield unread("item", kind)
        else:
            yield from reader(item)
        return
    yield from _read_message(item)


def _read_message(message: Fields) -> Iterator[Part]:
    role = message.get("role")
    origin = ROLES.get(role) if isinstance(role, str) else None
    if origin is None:
        raise ContentError(f"the role is unknown: expected {', '.join(ROLES)}", "/role")
    if origin is Origin.TOOL:
        name, call_id = word(message.get("name")), word(message.get("tool_call_id"))
        yield from read_output(message.get("content"), Frame(origin, name, call_id))
    elif role == "document" or origin is Origin.RETRIEVAL:
        frame = Frame(origin, source=word(message.get("source")) or word(message.get("title")))
        yield from (frame.text(it) for it in _titles(message))
        yield from read_body(message.get("content", message.get("text")), frame)
    else:
        yield from read_body(message.get("content"), Frame(origin))
    refusal, thought = message.get("refusal"), message.get("reasoning_content")
    yield from (Content(it, origin) for it in (refusal, thought) if isinstance(it, str))
    yield from _read_documents(message.get("documents"))
    yield from _read_calls(message)
    if message.get("audio") is not None:
        yield unread("content", "audio")


def _titles(message: Fields) -> Iterator[str]:
    for key in ("title", "context"):
        said = message.get(key)
        if isinstance(said, str):
            yield said


def _read_documents(documents: object) -> Iterator[Part]:
    if documents is None:
        return
    if isinstance(documents, str | Mapping) or not isinstance(documents, Sequence):
        raise ContentError("documents are not a list", "/documents")
    for at, document in enumerate(documents):
        try:
            yield from read_document(document, Frame(Origin.RETRIEVAL))
        except ContentError as error:
            raise ContentError(error.reason, f"/documents/{at}") from None


def _read_calls(message: Fields) -> Iterator[Part]:
    calls = message.get("tool_calls")
    if isinstance(calls, Sequence) and not isinstance(calls, str):
        for call in calls:
            if isinstance(call, Mapping):
                yield from _read_call(call)
    # The shape before calls had ids.
    call = message.get("function_call")
    if isinstance(call, Mapping):
        yield read_call(call.get("name"), call.get("arguments"), None)


def _read_call(call: Fields) -> Iterator[Part]:
    for key, said in (("function", "arguments"), ("custom", "input")):
        inner = call.get(key)
        if isinstance(inner, Mapping):
            yield read_call(inner.get("name"), inner.get(said), call.get("id"))
            return
    if "name" in call or "args" in call:
        arguments = call.get("args", call.get("arguments", call.get("input")))
        yield read_call(call.get("name"), arguments, call.get("id"))


def _call_of(said: str) -> Callable[[Fields], Iterator[Part]]:
    def reader(item: Fields) -> Iterator[Part]:
        name = item.get("name") or item.get("type")
        yield read_call(name, item.get(said), item.get("call_id") or item.get("id"))
        # Some items hold the call and its result in one.
        yield from _outputs(item)

    return reader


def _result(item: Fields) -> Iterator[Part]:
    yield from _outputs(item)


def _outputs(item: Fields) -> Iterator[Part]:
    call_id = word(item.get("call_id")) or word(item.get("id"))
    frame = Frame(Origin.TOOL, word(item.get("name")), call_id)
    for key in ("output", "outputs", "results", "error"):
        yield from read_output(item.get(key), frame)


def _reasoning(item: Fields) -> Iterator[Part]:
    for key in ("summary", "content"):
        yield from read_body(item.get(key), Frame(Origin.ASSISTANT))


def _document(item: Fields) -> Iterator[Part]:
    yield from read_document(item, Frame(Origin.RETRIEVAL))


def _block(item: Fields) -> Iterator[Part]:
    yield from read_body(item, Frame(Origin.USER))


def _answer(item: Fields) -> Iterator[Part]:
    yield from read_body(item, Frame(Origin.ASSISTANT))


_ITEMS: Mapping[str, Callable[[Fields], Iterator[Part]]] = {
    **dict.fromkeys(("function_call", "mcp_call", "mcp_approval_request"), _call_of("arguments")),
    "custom_tool_call": _call_of("input"),
    "file_search_call": _call_of("queries"),
    "code_interpreter_call": _call_of("code"),
    **dict.fromkeys(
        ("web_search_call", "local_shell_call", "shell_call", "computer_call"), _call_of("action")
    ),
    "apply_patch_call": _call_of("operation"),
    **dict.fromkeys(
        (
            *("function_call_output", "custom_tool_call_output", "local_shell_call_output"),
            *("shell_call_output", "computer_call_output", "apply_patch_call_output"),
        ),
        _result,
    ),
    "reasoning": _reasoning,
    **dict.fromkeys(("document", "search_result"), _document),
    **dict.fromkeys(("text", "input_text"), _block),
    **dict.fromkeys(("output_text", "refusal", "tool_use", "thinking"), _answer),
    **dict.fromkeys(("tool_result", "mcp_tool_result"), _block),
}
