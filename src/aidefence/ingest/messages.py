"""Read texts, chat messages and whole requests in the shapes that clients send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ContentError
from aidefence.ingest.blocks import Frame, Part, read_body, read_document
from aidefence.ingest.items import ROLES, read_item

__all__ = ["CONTENTS_MAX", "ROLES", "Inspectable", "Message", "Request", "open_request", "read"]

Message: TypeAlias = Mapping[str, object]
Inspectable: TypeAlias = "str | Content | Message | Sequence[Message | Content | str]"

CONTENTS_MAX = 10_000


def read(
    given: Inspectable,
    *,
    origin: Origin = Origin.USER,
    direction: Direction = Direction.INPUT,
) -> Inspection:
    """Read a text, a content, a list of chat messages, contents and texts, or a whole request."""
    if isinstance(given, str):
        return Inspection((Content(given, origin),), direction)
    if isinstance(given, Content):
        return Inspection((given,), direction)
    request = open_request(given, messages_max=CONTENTS_MAX)
    return _inspection(_parts(request, origin), direction, request.unread)


@dataclass(frozen=True, slots=True)
class Place:
    """One message, document or system text of a request, not yet read."""

    path: str
    item: object
    kind: Origin | None = None
    """What the request says it is; none for a message, which says so itself."""

    def read(self, origin: Origin, direction: Direction) -> Inspection:
        """Read it alone; a bare text comes from `origin`."""
        return _inspection(self.parts(origin), direction)

    def parts(self, origin: Origin) -> Iterator[Part]:
        """Read it part by part; errors say where in the request it stands."""
        try:
            if self.kind is Origin.RETRIEVAL and not _speaks(self.item):
                yield from read_document(self.item, Frame(self.kind))
            elif self.kind is Origin.SYSTEM:
                yield from read_body(self.item, Frame(self.kind))
            else:
                yield from read_item(self.item, origin)
        except ContentError as error:
            # A system text has no inside that a pointer could name.
            inner = "" if self.kind is Origin.SYSTEM else error.path
            raise ContentError(error.reason, f"{self.path}{inner}") from None


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart and not yet read: what stands before the messages, and they."""

    head: tuple[Place, ...]
    messages: Sequence[object]
    path: str = ""
    unread: tuple[Degraded, ...] = ()
    is_one_text: bool = False

    def place(self, at: int) -> Place:
        """Return a message with the JSON pointer to it."""
        path = self.path if self.is_one_text else f"{self.path}/{at}"
        return Place(path, self.messages[at])


def open_request(given: object, *, messages_max: int) -> Request:
    """Take a list of messages or a whole request apart; nothing in it is read yet."""
    if not isinstance(given, Mapping):
        return Request((), _listed(given, "", messages_max))
    head = [
        Place(f"/{key}", given[key], Origin.SYSTEM)
        for key in ("system", "instructions")
        if given.get(key) is not None
    ]
    documents = given.get("documents")
    if documents is not None:
        head += (
            Place(f"/documents/{at}", document, Origin.RETRIEVAL)
            for at, document in enumerate(_listed(documents, "/documents", messages_max))
        )
    unread = (_TOOLS,) if given.get("tools") or given.get("functions") else ()
    for key in ("messages", "input"):
        said = given.get(key)
        if said is None:
            continue
        if isinstance(said, str):
            return Request(tuple(head), (said,), f"/{key}", unread, is_one_text=True)
        return Request(tuple(head), _listed(said, f"/{key}", messages_max), f"/{key}", unread)
    if documents is None:
        raise ContentError("a request has `messages`, `input` or `documents`: none is there")
    return Request(tuple(head), (), "/messages", unread)


def _listed(given: object, path: str, most: int) -> Sequence[object]:
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
        kind = type(given).__name__
        raise ContentError(f"cannot inspect a `{kind}`: expected text or messages", path)
    if len(given) > most:
        raise ContentError(f"`{len(given)}` messages are more than {most}", path)
    return given


def _parts(request: Request, origin: Origin) -> Iterator[Part]:
    for place in request.head:
        yield from place.parts(origin)
    for at in range(len(request.messages)):
        yield from request.place(at).parts(origin)


def _speaks(document: object) -> bool:
    """Whether a document says of itself from whom it comes."""
    return isinstance(document, Content) or (isinstance(document, Mapping) and "role" in document)


def _inspection(
    parts: Iterator[Part], direction: Direction, known: tuple[Degraded, ...] = ()
) -> Inspection:
    contents: list[Content] = []
    unread = dict.fromkeys(known)
    for part in parts:
        if isinstance(part, Degraded):
            unread[part] = None
            continue
        contents.append(part)
        if len(contents) > CONTENTS_MAX:
            raise ContentError(f"there are more than {CONTENTS_MAX} texts")
    return Inspection(tuple(contents), direction, tuple(unread))


_TOOLS = Degraded("request.tools", "definitions of tools are inspected by `Guard.inspect_tools`")
