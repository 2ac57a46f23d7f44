"""What is said in the bodies that pass a gateway: chats in all dialects, forms, streams, texts.

Nothing here may be read otherwise than by whoever the body is for: what could be is told as unread.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import too_large
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ContentError
from aidefence.ingest.messages import CONTENTS_MAX, read

UNREAD_CHECK = "envoy.body"
_REQUEST_KEYS = ("messages", "input", "documents")
_DEPTH_MAX = 64
_GZIP_WINDOW = 47  # both gzip and zlib, told apart by their heads
_ENCODINGS = {"gzip": _GZIP_WINDOW, "x-gzip": _GZIP_WINDOW, "deflate": _GZIP_WINDOW}


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it passes, and what its headers say of it."""

    data: bytes
    content_type: str = ""
    encoding: str = ""
    direction: Direction = Direction.INPUT


def read_body(body: Body, limits: Limits) -> Inspection:
    """Read what is said in a body; what cannot be read is told in it.

    Raises:
        Refusal: it is larger than the limits allow.

    """
    origin = Origin.USER if body.direction is Direction.INPUT else Origin.ASSISTANT
    try:
        data = _unpack(body, limits)
        inspection = _read(data, body, origin)
    except _UnreadableError as error:
        unread = (Degraded(UNREAD_CHECK, str(error)),)
        return Inspection((), body.direction, unread)
    length = sum(len(content.text) for content in inspection.contents)
    if length > limits.content_code_points_max:
        most = limits.content_code_points_max
        raise too_large("", f"{length} code points are more than {most}")
    return inspection


def read_target(target: str) -> Iterator[Content]:
    """Read what somebody put into the query of a path."""
    query = urlsplit(target).query
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=CONTENTS_MAX)
    except ValueError:
        yield Content(query)
        return
    said = "\n".join(value for _, value in fields if value)
    if said:
        yield Content(said)


class _UnreadableError(Exception):
    """There may be text in it, and we cannot say which."""


def _unpack(body: Body, limits: Limits) -> bytes:
    encoding = body.encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body.data
    window = _ENCODINGS.get(encoding)
    if window is None:
        raise _UnreadableError("it is encoded in a way that this version does not read")
    unpacking = zlib.decompressobj(window)
    try:
        data = unpacking.decompress(body.data, limits.body_bytes_max + 1)
    except zlib.error:
        raise _UnreadableError("it is not encoded as its header says") from None
    if len(data) > limits.body_bytes_max:
        raise too_large("", f"an unpacked body is larger than {limits.body_bytes_max} bytes")
    # Others may read on where this one ends, or wait for what is missing.
    if not unpacking.eof or unpacking.unused_data:
        raise _UnreadableError("it is not encoded as its header says")
    return data


def _read(data: bytes, body: Body, origin: Origin) -> Inspection:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _UnreadableError("it is no text, or none in UTF-8") from None
    kind = body.content_type.partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        return _texts(_events(text), body.direction, origin)
    if kind == "application/x-www-form-urlencoded":
        return _texts((value for _, value in parse_qsl(text)), body.direction, origin)
    # Whatever the header says: who is sent JSON often reads it as that.
    if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
        return _read_json(text, body.direction, origin)
    return _texts((text,), body.direction, origin)


def _read_json(text: str, direction: Direction, origin: Origin) -> Inspection:
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise _UnreadableError("it is nested too deeply") from None
    except ValueError:
        # No JSON to us, and perhaps to somebody: then the text itself is what is said.
        return _texts((text,), direction, origin)
    chat = _chat(value, direction)
    if chat is None:
        return _texts(_leaves(value), direction, origin)
    try:
        return read(chat, origin=origin, direction=direction)  # type: ignore[arg-type]  # it checks
    except ContentError:
        # A shape of its own: what is said in it is inspected all the same.
        return _texts(_leaves(value), direction, origin)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise _UnreadableError("a name stands twice in an object: who reads which is not known")
    return known


def _chat(value: object, direction: Direction) -> object | None:
    """Find the messages in a request or an answer of the dialects that models speak."""
    if not isinstance(value, Mapping):
        return None
    if direction is Direction.INPUT:
        return value if any(value.get(key) is not None for key in _REQUEST_KEYS) else None
    choices, output = value.get("choices"), value.get("output")
    if isinstance(choices, list):
        messages = [it.get("message") for it in choices if isinstance(it, Mapping)]
        return messages if all(isinstance(it, Mapping) for it in messages) else None
    if isinstance(output, list):
        return output
    return [value] if value.get("role") == "assistant" else None


def _events(text: str) -> Iterator[str]:
    """Put together what a streamed answer says: of each place in the events one text."""
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        try:
            value = json.loads(data, object_pairs_hook=_object)
        except (ValueError, RecursionError):
            said.setdefault("", []).append(data)
            continue
        for place, part in _placed(value, ""):
            said.setdefault(place, []).append(part)
    return ("".join(parts) for parts in said.values())


def _placed(value: object, place: str, depth: int = _DEPTH_MAX) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif depth == 0:
        raise _UnreadableError("it is nested too deeply")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _placed(inner, f"{place}/{name}", depth - 1)
    elif isinstance(value, list):
        for inner in value:
            index = inner.get("index", "") if isinstance(inner, Mapping) else ""
            yield from _placed(inner, f"{place}/{index}", depth - 1)


def _leaves(value: object) -> Iterator[str]:
    return (text for _, text in _placed(value, ""))


def _texts(texts: Iterable[str], direction: Direction, origin: Origin) -> Inspection:
    said = "\n".join(text for text in texts if text)
    return Inspection((Content(said, origin),) if said else (), direction)
