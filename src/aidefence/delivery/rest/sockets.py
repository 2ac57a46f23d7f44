"""WebSockets with manners: who may, how many, how long a message, how long a silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from aidefence.delivery.http.connections import (
    FAILED,
    NORMAL,
    NOT_ALLOWED,
    Crowd,
    Gone,
    Line,
    is_same_origin,
    pause,
)
from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.problems import CONTENT_TYPE, FAULT, Refusal, refusal_of
from aidefence.delivery.http.ways import tell
from aidefence.domain.access import Caller, Permission
from aidefence.domain.refusals import ForbiddenError, RefusedError

if TYPE_CHECKING:
    from aidefence.service.services import Services

HEARTBEAT_SECONDS = 15.0
_log = logging.getLogger("aidefence.rest.sockets")


Talk: TypeAlias = Callable[[House, Line], Awaitable[None]]
Beat: TypeAlias = Callable[[Line], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketWay:
    """One route for WebSockets: what it takes, what is said there, and what a heartbeat says."""

    path: str
    permission: Permission
    talk: Talk
    needs: str = ""


def make_socket_routes(
    ways: tuple[SocketWay, ...], house: House, crowd: Crowd
) -> list[WebSocketRoute]:
    """Make the routes of those that are there."""
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
        await pause(HEARTBEAT_SECONDS, line, lambda: house.services.operations.phase)
        try:
            # A key that was revoked since opens nothing any more, and holds nothing open.
            _let_in(socket, house.services, way.permission)
        except RefusedError as error:
            raise Gone(NOT_ALLOWED, str(error)) from None
        await line.say({"type": "heartbeat", "timestamp": house.services.clock.now_ms()})


def _let_in(socket: WebSocket, services: Services, permission: Permission) -> Caller:
    credentials = read_credentials(socket.scope["headers"], "GET")
    by_cookie = credentials.session and not (credentials.key or credentials.token)
    if by_cookie and not is_same_origin(socket):
        # Browsers let any page open a connection, with the cookies of whoever looks at it.
        raise ForbiddenError("a page of somebody else opened this connection")
    address = socket.client.host if socket.client else None
    return services.gate.enter(credentials, permission, address)


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
