"""Read the body of a message: text, blocks, calls, results and documents, in all dialects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Modality, Origin
from aidefence.domain.errors import ContentError

DEPTH_MAX = 8
UNREAD = "only text is inspected by this version"

Part: TypeAlias = Content | Degraded
Fields: TypeAlias = Mapping[str, object]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a text stands: who speaks, and of which call or document it is a part."""

    origin: Origin
    tool: str | None = None
    call_id: str | None = None
    source: str | None = None

    def text(self, text: str) -> Content:
        """Take a text that stands here."""
        return Content(text, self.origin, Modality.TEXT, self.tool, self.call_id, self.source)


def read_body(body: object, frame: Frame, depth: int = DEPTH_MAX) -> Iterator[Part]:
    """Read what a message or a result says: a text, a block, or a list of them."""
    if body is None:
        return
    if isinstance(body, str):
        yield frame.text(body)
    elif isinstance(body, Mapping) and depth > 0:
        yield from read_block(body, frame, depth - 1)
    elif isinstance(body, Sequence) and depth > 0:
        for block in body:
            yield from read_block(block, frame, depth - 1)
    else:
        raise ContentError("message content is neither text nor a list of blocks", "/content")


def read_block(block: object, frame: Frame, depth: int) -> Iterator[Part]:
    """Read one block of whatever dialect."""
    if isinstance(block, str):
        yield frame.text(block)
        return
    if not isinstance(block, Mapping):
        raise ContentError("a content block is neither text nor an object", "/content")
    kind = block.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        yield from reader(block, frame, depth)
    elif isinstance(kind, str) and kind.endswith("_result"):
        yield from _read_result(block, frame, depth)
    else:
        yield from _read_text(block, frame, depth)


def read_call(
    tool: object, arguments: object, call_id: object, origin: Origin = Origin.ASSISTANT
) -> Content:
    """Take a call of a tool: its arguments are the model's words, whatever dress they wear."""
    text = arguments if isinstance(arguments, str) else as_json(arguments)
    return Content(text, origin, Modality.TOOL_CALL, word(tool), word(call_id))


def read_output(output: object, frame: Frame, depth: int = DEPTH_MAX) -> Iterator[Part]:
    """Read what a tool gave back: text, blocks, or data of any other shape as JSON."""
    if output is None:
        return
    if isinstance(output, str):
        yield frame.text(output)
    elif _is_body(output):
        yield from read_body(output, frame, depth)
    else:
        yield frame.text(as_json(output))


def read_document(document: object, frame: Frame, depth: int = DEPTH_MAX) -> Iterator[Part]:
    """Read a document: a text, a block, or fields of which all reach the model."""
    if isinstance(document, str):
        yield frame.text(document)
    elif isinstance(document, Mapping):
        if isinstance(document.get("type"), str) and document["type"] in _READERS:
            yield from read_block(document, frame, depth)
        else:
            inner = replace(frame, source=_source(document) or frame.source)
            yield from _read_fields(document, inner, depth)
    else:
        raise ContentError("a document is neither text nor an object")


def as_json(value: object) -> str:
    """Write data as a model sees it."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ContentError("data of a tool is not JSON") from error


def word(value: object) -> str | None:
    """Take a name or an id; none where it is something else."""
    return value if isinstance(value, str) and value else None


def unread(what: str, kind: object) -> Degraded:
    """Name what is no text. A name that is none comes from nobody we know."""
    known = isinstance(kind, str) and _NAME.fullmatch(kind)
    return Degraded(f"{what}.{kind if known else 'other'}", UNREAD)


def _read_text(block: Fields, frame: Frame, _depth: int) -> Iterator[Part]:
    kind = block.get("type", "text")
    found = [it for it in (block.get(key) for key in _TEXT_KEYS) if isinstance(it, str)]
    for text in found:
        yield frame.text(text)
    if not found or (isinstance(kind, str) and kind in _MEDIA):
        yield unread("content", kind)


def _read_use(block: Fields, _frame: Frame, _depth: int) -> Iterator[Part]:
    yield read_call(block.get("name"), block.get("input"), block.get("id"))


def _read_result(block: Fields, frame: Frame, depth: int) -> Iterator[Part]:
    """A result is a tool's word, wherever it stands; inside of one, it stays that tool's."""
    inner = Frame(
        Origin.TOOL,
        word(block.get("name")) or frame.tool,
        word(block.get("tool_use_id")) or frame.call_id,
        _source(block) or frame.source,
    )
    for key in _SAID:
        said = block.get(key)
        if isinstance(said, str):
            yield inner.text(said)
        elif said is not None:
            yield from read_output(said, inner, depth)


def _read_document_block(block: Fields, frame: Frame, depth: int) -> Iterator[Part]:
    origin = Origin.TOOL if frame.origin is Origin.TOOL else Origin.RETRIEVAL
    inner = replace(frame, origin=origin, source=_source(block) or frame.source)
    for key in ("title", "context", "text"):
        said = block.get(key)
        if isinstance(said, str):
            yield inner.text(said)
    yield from read_body(block.get("content"), inner, depth)
    source = block.get("source")
    if not isinstance(source, Mapping):
        return
    kind = source.get("type", "text")
    if kind == "text" and isinstance(source.get("data"), str):
        yield inner.text(str(source["data"]))
    elif kind == "content":
        yield from read_body(source.get("content"), inner, depth)
    else:
        yield unread("content.document", kind)


def _read_fields(fields: Fields, frame: Frame, depth: int) -> Iterator[Part]:
    read_any = False
    for key, value in fields.items():
        if key in _NO_TEXT or value is None or isinstance(value, bool | int | float):
            continue
        read_any = True
        if isinstance(value, str):
            yield frame.text(value)
        elif depth > 0 and isinstance(value, Mapping):
            yield from _read_fields(value, frame, depth - 1)
        elif depth > 0 and _is_body(value):
            yield from read_body(value, frame, depth - 1)
        else:
            yield frame.text(as_json(value))
    if not read_any:
        yield Degraded("content.document", "it holds no text that this version finds")


def _is_body(value: object) -> bool:
    """Whether something is made of blocks rather than of data."""
    if isinstance(value, Mapping):
        return isinstance(value.get("type"), str)
    return (
        isinstance(value, Sequence)
        and not isinstance(value, bytes | bytearray)
        and all(
            isinstance(it, str) or (isinstance(it, Mapping) and isinstance(it.get("type"), str))
            for it in value
        )
    )


def _source(fields: Fields) -> str | None:
    for key in ("source", "url", "title", "id", "filename"):
        name = word(fields.get(key))
        if name is not None:
            return name
    return None


_TEXT_KEYS = ("text", "refusal", "thinking", "transcript")
# What a result may say beside its content, in the dialects that run code for the model.
_SAID = ("title", "content", "stdout", "stderr", "output", "logs", "error")
_NO_TEXT = frozenset({"id", "type", "role", "cache_control"})
_MEDIA = frozenset(
    {
        *("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url"),
        *("file", "input_file", "redacted_thinking", "container_upload"),
    }
)
_READERS: Mapping[str, Callable[[Fields, Frame, int], Iterator[Part]]] = {
    "text": _read_text,
    "tool_use": _read_use,
    "server_tool_use": _read_use,
    "mcp_tool_use": _read_use,
    "tool_result": _read_result,
    "document": _read_document_block,
    "search_result": _read_document_block,
}
