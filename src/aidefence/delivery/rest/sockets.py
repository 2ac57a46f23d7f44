"""WebSockets with manners: who may, how many, how long a message, how long a silence."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.problems import CONTENT_TYPE, FAULT, Refusal, refusal_of
from aidefence.delivery.http.ways import tell
from aidefence.domain.access import Caller, Permission
from aidefence.domain.refusals import ForbiddenError, OverloadedError, RefusedError

if TYPE_CHECKING:
    from aidefence.service.services import Services

NORMAL, GOING_AWAY, NOT_ALLOWED, TOO_LARGE, FAILED, TRY_LATER = 1000, 1001, 1008, 1009, 1011, 1013
HEARTBEAT_SECONDS = 15.0
_SEND_SECONDS_MAX = 10.0
_RETRY_MS = 5_000

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("aidefence.rest.sockets")


@dataclass(slots=True)
class Gone(Exception):  # noqa: N818 -- it is what the other side did, or what we do to it
    """Over: with which code, and why."""

    code: int
    reason: str


@dataclass(slots=True)
class Crowd:
    """How many connections there are, in all and of each caller, in this process."""

    most: int = 256
    most_of_one: int = 64
    there: Counter[str] = field(default_factory=Counter)

    def enter(self, caller: Caller) -> None:
        """Count one more.

        Raises:
            OverloadedError: there are as many as may be.

        """
        if self.there.total() >= self.most or self.there[caller.id] >= self.most_of_one:
            raise OverloadedError("as many connections are open as may be", _RETRY_MS)
        self.there[caller.id] += 1

    def leave(self, caller: Caller) -> None:
        """Count one less."""
        self.there[caller.id] -= 1
        if not self.there[caller.id]:
            del self.there[caller.id]


class Line:
    """One open connection. Several tasks may send; only one receives."""

    __slots__ = ("_bytes_max", "_sending", "_socket", "caller", "peer")

    def __init__(self, socket: WebSocket, caller: Caller, bytes_max: int) -> None:
        self._socket = socket
        self._bytes_max = bytes_max
        self._sending = asyncio.Lock()
        self.caller = caller
        self.peer = socket.client.host if socket.client else None

    async def receive(self) -> bytes:
        """Take the next message.

        Raises:
            Gone: the other side is, or its message is too long.

        """
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone(NORMAL, "")
        text = message.get("text")
        body: bytes = message.get("bytes") or b"" if text is None else text.encode()
        if len(body) > self._bytes_max:
            reason = f"a message of {len(body)} bytes is larger than {self._bytes_max}"
            raise Gone(TOO_LARGE, reason)
        return body

    async def say(self, document: object) -> None:
        """Send a document."""
        await self.send(_encode(document))

    async def send(self, body: bytes) -> None:
        """Send what is written already.

        Raises:
            Gone: the other side takes nothing any more.

        """
        text = body.decode()
        try:
            async with asyncio.timeout(_SEND_SECONDS_MAX), self._sending:
                await self._socket.send_text(text)
        except TimeoutError:
            raise Gone(TRY_LATER, "nothing was read for too long: connect again") from None
        except (WebSocketDisconnect, RuntimeError):
            raise Gone(NORMAL, "") from None

    async def close(self, code: int, reason: str) -> None:
        """End it, unless it has ended; whoever does not read is not waited for."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(1):
                    await self._socket.close(code, reason[:120])


Talk: TypeAlias = Callable[[House, Line], Awaitable[None]]
Beat: TypeAlias = Callable[[Line], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketWay:
    """One route for WebSockets: what it takes, what is said there, and what a heartbeat says."""

    path: str
    permission: Permission
    talk: Talk
    needs: str = ""


def make_socket_routes(ways: tuple[SocketWay, ...], house: House) -> list[WebSocketRoute]:
    """Make the routes of those that are there."""
    crowd = Crowd()
    return [
        WebSocketRoute(way.path, _endpoint(way, house, crowd))
        for way in ways
        if not way.needs or getattr(house.services, way.needs) is not None
    ]


def _endpoint(way: SocketWay, house: House, crowd: Crowd) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(socket: WebSocket) -> None:
        try:
            caller = _let_in(socket, house.services, way.permission)
            crowd.enter(caller)
        except RefusedError as error:
            await _deny(socket, refusal_of(error))
            return
        try:
            await socket.accept()
            line = Line(socket, caller, house.limits.body_bytes_max)
            await _hold(way, house, line, socket)
        except WebSocketDisconnect:
            return
        finally:
            crowd.leave(caller)

    return endpoint


async def _hold(way: SocketWay, house: House, line: Line, socket: WebSocket) -> None:
    """Talk until one side ends it; meanwhile look now and then whether it still may."""
    talking = asyncio.ensure_future(way.talk(house, line))
    watching = asyncio.ensure_future(_watch(way, house, line, socket))
    code, reason = NORMAL, ""
    try:
        done, _ = await asyncio.wait((talking, watching), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except Gone as gone:
        code, reason = gone.code, gone.reason
    except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
        _log.exception("connection failed")
        code, reason = FAILED, "we failed"
    finally:
        for task in (talking, watching):
            task.cancel()
        await asyncio.gather(talking, watching, return_exceptions=True)
        await line.close(code, reason)


async def _watch(way: SocketWay, house: House, line: Line, socket: WebSocket) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            # A key that was revoked since opens nothing any more, and holds nothing open.
            _let_in(socket, house.services, way.permission)
        except RefusedError as error:
            raise Gone(NOT_ALLOWED, str(error)) from None
        await line.say({"type": "heartbeat", "timestamp": house.services.clock.now_ms()})


def _let_in(socket: WebSocket, services: Services, permission: Permission) -> Caller:
    credentials = read_credentials(socket.scope["headers"], "GET")
    by_cookie = credentials.session and not (credentials.key or credentials.token)
    if by_cookie and not _same_origin(socket):
        # Browsers let any page open a connection, with the cookies of whoever looks at it.
        raise ForbiddenError("a page of somebody else opened this connection")
    return services.gate.enter(credentials, permission)


def _same_origin(socket: WebSocket) -> bool:
    origin, host = socket.headers.get("origin", ""), socket.headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc == host


async def _deny(socket: WebSocket, refusal: Refusal) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        response = tell(refusal)
        response.headers["content-type"] = CONTENT_TYPE
        await socket.send_denial_response(response)
        return
    await socket.close(NOT_ALLOWED, refusal.detail[:120])


def refused(error: Refusal | RefusedError | Exception) -> Refusal:
    """Say of whatever went wrong with one message what a request would have been told."""
    if isinstance(error, Refusal):
        return error
    return refusal_of(error) if isinstance(error, RefusedError) else FAULT
