"""Operations over a WebSocket, as the protocol `graphql-transport-ws` has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import OperationType
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect

from aidefence.delivery.graphql.asker import Asker
from aidefence.delivery.graphql.errors import tell_refusal
from aidefence.delivery.graphql.operations import Asked
from aidefence.delivery.graphql.schema import Operation, carry_out, follow
from aidefence.delivery.http.bodies import decode
from aidefence.delivery.http.connections import (
    FAILED,
    NORMAL,
    TRY_LATER,
    Crowd,
    Gone,
    Line,
    is_same_origin,
    pause,
)
from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.problems import FAULT, Refusal, refusal_of
from aidefence.domain.access import UNKNOWN, Caller, Credentials
from aidefence.domain.refusals import OverloadedError, RefusedError, UnauthenticatedError

if TYPE_CHECKING:
    from aidefence.delivery.graphql.door import GraphqlDoor

PROTOCOL = "graphql-transport-ws"

_BAD_MESSAGE, _NOT_BEGUN, _FORBIDDEN, _NO_PROTOCOL = 4400, 4401, 4403, 4406
_TOO_LATE, _TWICE, _TOO_MANY_BEGINNINGS = 4408, 4409, 4429
_OPERATIONS_MAX = 16
_ID_LEN_MAX = 128
_TELLING = ("authorization", "x-api-key", "x-aidefence-key", "x-csrf-token")
_log = logging.getLogger("aidefence.graphql.socket")


class Init(Struct, tag_field="type", tag="connection_init"):
    """Who a client is: what it would say in headers, where it can set none."""

    payload: dict[str, Any] | None = None


class Ping(Struct, tag_field="type", tag="ping"):
    """Whether we are there."""

    payload: dict[str, Any] | None = None


class Pong(Struct, tag_field="type", tag="pong"):
    """That the client is there."""

    payload: dict[str, Any] | None = None


class Subscribe(Struct, tag_field="type", tag="subscribe", forbid_unknown_fields=True):
    """An operation, under a name of the client's."""

    id: str
    payload: Asked


class Complete(Struct, tag_field="type", tag="complete"):
    """That nobody listens any more."""

    id: str


_decode = msgspec.json.Decoder(Init | Ping | Pong | Subscribe | Complete).decode


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait."""

    init_seconds: float = 10.0
    beat_seconds: float = 15.0


def make_endpoint(
    door: GraphqlDoor, crowd: Crowd, patience: Patience
) -> Callable[[WebSocket], Awaitable[None]]:
    """Make what answers a connection."""

    async def endpoint(socket: WebSocket) -> None:
        if PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.accept()
            await socket.close(_NO_PROTOCOL, f"expected the protocol `{PROTOCOL}`")
            return
        try:
            crowd.enter(UNKNOWN)
        except OverloadedError as error:
            await socket.close(TRY_LATER, str(error))
            return
        talk = _Talk(door, crowd, patience, socket)
        try:
            await socket.accept(PROTOCOL)
            await talk.run()
        except WebSocketDisconnect:
            return
        finally:
            crowd.leave(talk.caller)

    return endpoint


class _Talk:
    """One connection: who is there, and the operations that run."""

    def __init__(
        self, door: GraphqlDoor, crowd: Crowd, patience: Patience, socket: WebSocket
    ) -> None:
        self.caller: Caller = UNKNOWN
        self._door = door
        self._crowd = crowd
        self._patience = patience
        self._socket = socket
        self._line = Line(socket, UNKNOWN, door.limits.body_bytes_max)
        self._credentials: Credentials | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends when an operation finds that nobody reads."""

    async def run(self) -> None:
        """Talk until one side ends it."""
        tasks = [
            asyncio.ensure_future(self._hear()),
            asyncio.ensure_future(self._watch()),
            self._over,
        ]
        code, reason = NORMAL, ""
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Gone as gone:
            code, reason = gone.code, gone.reason
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("connection failed")
            code, reason = FAILED, "we failed"
        finally:
            tasks += self._running.values()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._line.close(code, reason)

    async def _hear(self) -> None:
        while True:
            body = await self._line.receive()
            try:
                message = decode(_decode, body)
            except Refusal as refusal:
                raise Gone(_BAD_MESSAGE, refusal.detail) from None
            match message:
                case Init():
                    await self._begin(message)
                case Ping():
                    await self._line.say({"type": "pong"})
                case Subscribe():
                    await self._start(message)
                case Complete():
                    self._stop(message.id)

    async def _watch(self) -> None:
        await self._pause(self._patience.init_seconds)
        if self._credentials is None:
            raise Gone(_TOO_LATE, "nobody said who they are in time")
        while True:
            await self._pause(self._patience.beat_seconds)
            # A key that was revoked since opens nothing any more, and holds nothing open.
            self._identify(self._credentials)
            await self._line.say({"type": "ping"})

    async def _pause(self, seconds: float) -> None:
        await pause(seconds, self._line, lambda: self._door.services.operations.phase)

    async def _begin(self, message: Init) -> None:
        if self._credentials is not None:
            raise Gone(_TOO_MANY_BEGINNINGS, "this connection was begun before")
        credentials = self._shown(message.payload or {})
        caller = self._identify(credentials)
        try:
            self._crowd.enter(caller)
        except OverloadedError as error:
            raise Gone(TRY_LATER, str(error)) from None
        self._crowd.leave(self.caller)
        self.caller, self._credentials = caller, credentials
        await self._line.say({"type": "connection_ack"})

    def _shown(self, payload: dict[str, Any]) -> Credentials:
        """Read what a client shows: in its first message, or in the headers of the connection."""
        said = [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in payload.items()
            if name.lower() in _TELLING and isinstance(value, str)
        ]
        headers = dict(self._socket.scope["headers"])
        by_cookie = b"cookie" in headers and not any(it in headers for it in _HEADERS)
        if by_cookie and not is_same_origin(self._socket):
            # Browsers let any page open a connection, with the cookies of whoever looks at it.
            headers.pop(b"cookie")
        return read_credentials([*headers.items(), *said], "POST")

    def _identify(self, credentials: Credentials) -> Caller:
        try:
            return self._asker(credentials).identify()
        except UnauthenticatedError as error:
            raise Gone(_FORBIDDEN, str(error)) from None
        except RefusedError as error:
            raise Gone(TRY_LATER, str(error)) from None

    async def _start(self, message: Subscribe) -> None:
        credentials, name = self._credentials, message.id
        if credentials is None:
            raise Gone(_NOT_BEGUN, "say who you are before you ask")
        if not name or len(name) > _ID_LEN_MAX:
            raise Gone(_BAD_MESSAGE, f"an id has 1 to {_ID_LEN_MAX} characters")
        if name in self._running:
            raise Gone(_TWICE, f"subscriber for `{name}` already exists")
        if len(self._running) >= _OPERATIONS_MAX:
            reason = f"at most {_OPERATIONS_MAX} operations run on one connection"
            await self._line.say(_refused(name, refusal_of(OverloadedError(reason, 1000))))
            return
        task = asyncio.ensure_future(self._answer(name, message.payload, credentials))
        self._running[name] = task

    def _stop(self, name: str) -> None:
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()

    async def _answer(self, name: str, asked: Asked, credentials: Credentials) -> None:
        try:
            variables = asked.variables or {}
            plan = self._door.planner.plan(asked.query, asked.operation_name, variables)
            operation = Operation(plan, variables, self._asker(credentials))
            if plan.kind is OperationType.SUBSCRIPTION:
                async with aclosing(follow(operation)) as results:
                    async for told in results:
                        await self._line.say({"id": name, "type": "next", "payload": told})
            else:
                told = await carry_out(operation)
                await self._line.say({"id": name, "type": "next", "payload": told})
            ended: dict[str, Any] = {"id": name, "type": "complete"}
        except Refusal as refusal:
            ended = _refused(name, refusal)
        except Gone as gone:
            self._end(gone)
            return
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("operation failed")
            ended = _refused(name, FAULT)
        # First free, then told: the client may use the name again at once.
        self._running.pop(name, None)
        try:
            await self._line.say(ended)
        except Gone as gone:
            self._end(gone)

    def _end(self, gone: Gone) -> None:
        if not self._over.done():
            self._over.set_exception(gone)

    def _asker(self, credentials: Credentials) -> Asker:
        return Asker(self._door.services, self._door.limits, credentials, self._line.peer)


_HEADERS = (b"authorization", b"x-api-key", b"x-aidefence-key")


def _refused(name: str, refusal: Refusal) -> dict[str, Any]:
    return {"id": name, "type": "error", "payload": [tell_refusal(refusal)]}
