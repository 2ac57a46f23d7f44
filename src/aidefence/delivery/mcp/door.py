"""The server over streamable HTTP, as one ASGI application at one path.

Every request stands alone: no session lives in the memory of a worker, so any worker may answer
any request, and nothing is lost when one of them ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mcp.server.mcpserver import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.problems import FAULT, Refusal, refusal_of
from aidefence.delivery.mcp.codes import Code, code_of, data_of
from aidefence.delivery.mcp.refusing import DOOR
from aidefence.delivery.mcp.toolbox import CALLER
from aidefence.domain.access import Permission
from aidefence.domain.refusals import ForbiddenError, OverloadedError, RefusedError
from aidefence.service.services import Services

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

PATH = "/mcp"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_RETRY_MS = 1_000

_log = logging.getLogger("aidefence.mcp")


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What this door takes on."""

    body_bytes_max: int = 8 << 20
    body_seconds_max: float = 30
    """A body that takes longer to come in is not waited for."""
    concurrent_max: int = 256
    """Requests under way in one worker, streams among them."""
    origins: Sequence[str] = ()
    """Pages of browsers that may ask, such as `https://console.example.com`, beside loopback."""


class McpDoor:
    """Lets requests in and hands them to the server."""

    def __init__(
        self, server: MCPServer[Any], services: Services, limits: DoorLimits | None = None
    ) -> None:
        self._server = server
        self._services = services
        self._limits = limits or DoorLimits()
        self._under_way = 0
        self._running: _Running | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self._enter(scope, receive)
        except RefusedError as error:
            await self._refuse(refusal_of(error), code_of(error), data_of(error), send)
            return
        except Refusal as refusal:
            await self._refuse(refusal, Code.INVALID, None, send)
            return
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            _log.exception("request failed")
            await self._refuse(FAULT, Code.FAULT, None, send)
            return
        self._under_way += 1
        try:
            manager = await self._manager()
            await manager.handle_request(scope, _replay(body, receive), send)
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """End what is under way; the next request begins anew."""
        if self._running is not None:
            await self._running.stop()
            self._running = None

    async def _enter(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            # There is no stream to listen to and no session to end: every request stands alone.
            raise Refusal(405, "method-not-allowed", "Only POST", "", headers={"allow": "POST"})
        headers = scope["headers"]
        self._check_origin(dict(headers).get(b"origin", b"").decode("latin-1"))
        credentials = read_credentials(headers, "POST")
        # The door's own copy of the scope goes on: what stands in it is our word, not a header.
        client = scope.get("client")
        address = client[0] if client else None
        scope[CALLER] = self._services.gate.enter(credentials, Permission.DETECT, address)
        if self._under_way >= self._limits.concurrent_max:
            raise OverloadedError(
                f"{self._limits.concurrent_max} requests are under way", _RETRY_MS
            )
        try:
            async with asyncio.timeout(self._limits.body_seconds_max):
                return await self._read(receive)
        except TimeoutError:
            raise Refusal(408, "too-slow", "The body did not come in time", "") from None

    def _check_origin(self, origin: str) -> None:
        """Refuse pages of strangers: a browser would ask in the name of whoever sits before it."""
        if not origin or origin in self._limits.origins:
            return
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            host = None
        if host not in _LOOPBACK:
            raise ForbiddenError("pages of this origin may not ask here")

    async def _read(self, receive: Receive) -> bytes:
        parts, length = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "gone", "The client went away", "")
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > self._limits.body_bytes_max:
                most = self._limits.body_bytes_max
                raise Refusal(413, "too-large", "The body is too large", f"over {most} bytes")
            if not message.get("more_body"):
                return b"".join(parts)

    async def _refuse(
        self, refusal: Refusal, code: Code, data: dict[str, int] | None, send: Send
    ) -> None:
        self._services.meter.refuse(DOOR, refusal.status)
        told = f"{refusal.title}: {refusal.detail}" if refusal.detail else refusal.title
        error = {"code": int(code), "message": told, **({"data": data} if data else {})}
        payload = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
        headers = {"content-type": "application/json", **refusal.headers}
        await send(
            {
                "type": "http.response.start",
                "status": refusal.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": payload})

    async def _manager(self) -> StreamableHTTPSessionManager:
        loop = asyncio.get_running_loop()
        if self._running is None or self._running.loop is not loop:
            self._running = _Running(self._server, self._limits, loop)
        return await self._running.manager()


class _Running:
    """The kit's manager under way in one event loop: it must begin and end in one task."""

    def __init__(
        self, server: MCPServer[Any], limits: DoorLimits, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.loop = loop
        self._manager = StreamableHTTPSessionManager(
            server._lowlevel_server,  # noqa: SLF001 -- the kit has no public way to it yet
            stateless=True,
            max_request_body_size=limits.body_bytes_max,
        )
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._task = loop.create_task(self._run())

    async def manager(self) -> StreamableHTTPSessionManager:
        """Give the manager as soon as it is ready."""
        await self._ready.wait()
        return self._manager

    async def stop(self) -> None:
        """End it and all that it runs."""
        self._stop.set()
        if self.loop is asyncio.get_running_loop():
            await self._task

    async def _run(self) -> None:
        async with self._manager.run():
            self._ready.set()
            await self._stop.wait()


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
