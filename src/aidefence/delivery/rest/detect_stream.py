"""Detection over one connection: requests in, results out, each by its id; and texts as they come.

Messages are answered in their order. The next one is read when the answer to the last has gone out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from aidefence.delivery.http.bodies import decode
from aidefence.delivery.http.connections import Line
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.problems import Problem, Refusal, invalid, refusal_of_given
from aidefence.delivery.rest.answers import tell_findings
from aidefence.delivery.rest.came import Came
from aidefence.delivery.rest.detecting import DOOR, Detecting
from aidefence.delivery.rest.requests import context_of
from aidefence.delivery.rest.sockets import SocketWay, refused
from aidefence.delivery.rest.wire import ActionName, WireDegraded, WireFinding
from aidefence.delivery.rest.wire import Context as WireContext
from aidefence.domain.access import Permission
from aidefence.domain.asking import NO_CONTEXT, UNCONDITIONAL, Context, Request
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Action, Direction, Origin
from aidefence.domain.errors import ContentError, SettingError
from aidefence.domain.refusals import RefusedError
from aidefence.domain.streaming import KEPT_BYTES, Released
from aidefence.service.guarding import TextStream
from aidefence.service.inspect import conclude
from aidefence.service.policing import ruling_of

PATH = "/api/v2/detect/stream"
_TEXTS_MAX = 16

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("aidefence.rest.sockets")
Id = Annotated[str, Meta(max_length=256)]


class Incoming(Struct, forbid_unknown_fields=True):
    """One message of a client."""

    type: Literal["detection_request", "text_open", "text_piece", "text_end", "ping"]
    id: Id | None = None
    data: msgspec.Raw | UnsetType = UNSET


class TextOpen(Struct, forbid_unknown_fields=True, rename="camel"):
    """How a text that is still coming in is read; `stopAt` is the action that ends it.

    `context` says for policies for whom it is and of which session.
    """

    mode: Literal["hold", "tail", "audit"] = "hold"
    stop_at: Literal["flag", "redact", "review", "block"] = "flag"
    context: WireContext | None = None


class TextPiece(Struct, forbid_unknown_fields=True):
    """The next piece of a text."""

    text: str


class TextReleased(Struct, frozen=True, rename="camel"):
    """What of a text may go on, and whether it is over."""

    text: str
    findings: tuple[WireFinding, ...]
    stopped: bool


class TextEnded(Struct, frozen=True, rename="camel"):
    """How a text ended: the rest of it, and the decision on all of it."""

    request_id: str
    text: str
    findings: tuple[WireFinding, ...]
    stopped: bool
    action: ActionName
    enforced: bool
    degraded: tuple[WireDegraded, ...]
    reasons: tuple[str, ...]
    """What policies in force say of it, the gravest first."""


_decode_message = msgspec.json.Decoder(Incoming).decode
_decode_open = msgspec.json.Decoder(TextOpen).decode
_decode_piece = msgspec.json.Decoder(TextPiece).decode


@dataclass(slots=True)
class _Text:
    """A text that is still coming in; what has come of it is kept for policies, within bounds."""

    stream: TextStream
    context: Context
    pieces: list[str]
    size: int = 0

    def feed(self, piece: str) -> Released:
        """Take the next piece; gives what may go on."""
        if self.size < KEPT_BYTES:
            self.pieces.append(piece)
            self.size += len(piece)
        return self.stream.feed(piece)


class _Talk:
    """One connection, with the texts that are open on it."""

    def __init__(self, house: House, line: Line) -> None:
        self._services = house.services
        self._line = line
        self._detecting = Detecting(house)
        self._texts: dict[str, _Text] = {}
        self._does: Mapping[str, Callable[[Incoming], Awaitable[bytes]]] = {
            "detection_request": self._detect,
            "text_open": self._open,
            "text_piece": self._feed,
            "text_end": self._end,
            "ping": self._pong,
        }

    async def run(self) -> None:
        """Answer until the other side goes."""
        try:
            while True:
                await self._line.send(await self._answer(await self._line.receive()))
        finally:
            for text in self._texts.values():
                text.stream.close()

    async def _answer(self, body: bytes) -> bytes:
        name = None
        try:
            message = decode(_decode_message, body)
            name = message.id
            return await self._does[message.type](message)
        except (Refusal, RefusedError) as error:
            refusal = refused(error)
        except (ContentError, SettingError) as error:
            refusal = refusal_of_given(error, "/data")
        except Exception as error:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("message failed")
            refusal = refused(error)
        self._services.meter.refuse(DOOR, refusal.status)
        return _error(name, refusal)

    async def _detect(self, message: Incoming) -> bytes:
        if message.data is UNSET:
            raise invalid("/data", "a request is missing")
        came = self._came()
        try:
            payload, _ = await self._detecting.one(bytes(message.data), came)
        except Refusal as refusal:
            raise _inside(refusal) from None
        kind = b"detection_result" if came.location is None else b"detection_accepted"
        return _wrap(kind, message.id, payload)

    async def _open(self, message: Incoming) -> bytes:
        name = self._name(message)
        if name in self._texts:
            raise invalid("/id", "a text of this id is open already")
        if len(self._texts) >= _TEXTS_MAX:
            raise invalid("/id", f"{_TEXTS_MAX} texts are open already")
        given = TextOpen() if message.data is UNSET else decode(_decode_open, bytes(message.data))
        self._services.desk.admit(self._request(""))
        guard = self._services.desk.standing.guard
        context = NO_CONTEXT if given.context is None else context_of(given.context)
        stream = guard.stream(mode=given.mode, stop_at=given.stop_at)
        self._texts[name] = _Text(stream, context, [])
        return _wrap(b"text_opened", name, b"{}")

    async def _feed(self, message: Incoming) -> bytes:
        text = self._text(message)
        if message.data is UNSET:
            raise invalid("/data", "a piece is missing")
        piece = decode(_decode_piece, bytes(message.data))
        out = await asyncio.to_thread(text.feed, piece.text)
        told = TextReleased(out.text, tell_findings(out.findings), out.stopped)
        return _wrap(b"text_released", message.id, _encode(told))

    async def _end(self, message: Incoming) -> bytes:
        text = self._text(message)
        end = await asyncio.to_thread(text.stream.finish)
        del self._texts[self._name(message)]
        said = Content("".join(text.pieces), Origin.ASSISTANT)
        request = self._request(Inspection((said,), Direction.OUTPUT), text.context)
        found = conclude(end.decision, UNCONDITIONAL)
        # Policies may look something up: not where others wait.
        detection = await asyncio.to_thread(self._services.desk.tell, request, found)
        ruling = ruling_of(detection.decision)
        # What a policy stops ends here: nothing that is held back of it goes on.
        held = ruling is not None and detection.enforced and detection.action >= Action.REVIEW
        told = TextEnded(
            request.id,
            "" if held else end.text,
            tell_findings((*end.findings, *end.late)),
            end.stopped or held,
            detection.action.value,
            detection.enforced,
            tuple(WireDegraded(it.check, it.reason) for it in detection.degraded),
            () if ruling is None else ruling.reasons,
        )
        return _wrap(b"text_ended", message.id, _encode(told))

    async def _pong(self, message: Incoming) -> bytes:
        return _wrap(b"pong", message.id, b"{}")

    def _text(self, message: Incoming) -> _Text:
        text = self._texts.get(self._name(message))
        if text is None:
            raise invalid("/id", "no text of this id is open")
        return text

    def _name(self, message: Incoming) -> str:
        if message.id is None:
            raise invalid("/id", "a text needs an id")
        return message.id

    def _came(self) -> Came:
        came = Came(self._services.ids.request_id(), self._line.caller, self._line.peer)
        came.at_ns = self._detecting.now_ns()
        return came

    def _request(self, what: str | Inspection, context: Context = NO_CONTEXT) -> Request:
        name = self._services.ids.request_id()
        return Request(what, name, DOOR, self._line.caller, self._line.peer, context=context)


class _Error(Struct, frozen=True, rename="camel"):
    """Why one message was not answered as it wanted."""

    error: Problem
    type: str = "error"
    id: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


def _error(name: str | None, refusal: Refusal) -> bytes:
    after = refusal.headers.get("retry-after")
    return _encode(
        _Error(
            refusal.problem(),
            id=UNSET if name is None else name,
            retry_after=UNSET if after is None else int(after),
        )
    )


def _inside(refusal: Refusal) -> Refusal:
    """Let pointers begin at the message."""
    errors = tuple(type(it)(f"/data{it.pointer}", it.detail) for it in refusal.errors)
    return Refusal(refusal.status, refusal.kind, refusal.title, refusal.detail, errors)


def _wrap(kind: bytes, name: str | None, data: bytes) -> bytes:
    id_ = b"" if name is None else b'"id":%b,' % _encode(name)
    return b'{"type":"%b",%b"data":%b}' % (kind, id_, data)


async def _talk(house: House, line: Line) -> None:
    await _Talk(house, line).run()


SOCKETS = (SocketWay(path=PATH, permission=Permission.DETECT, talk=_talk),)
