"""One line for each request: who, where, how it ended and how long it took; never what was said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import TYPE_CHECKING

import msgspec

from aidefence.service.visit import VISIT, Visit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SWITCHED = 101
_NS_PER_US = 1000
_encode = msgspec.json.Encoder().encode


class AccessLines:
    """Writes the lines itself: the way through a logging library costs as much as an answer."""

    def __init__(self, write: Callable[[bytes], object], *, as_json: bool) -> None:
        self._write = write
        self._as_json = as_json

    def tell(
        self, method: str, path: str, status: int, peer: str, visit: Visit, began_ns: int
    ) -> None:
        """Write about a request that is answered; `path` without its query, which may hold text."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "level": "info",
            "logger": "aidefence.access",
            "event": "request",
            "method": method,
            "path": path,
            "status": status,
            "microseconds": (perf_counter_ns() - began_ns) // _NS_PER_US,
            "request_id": visit.request_id,
            "caller": visit.caller,
            "door": visit.door,
            "peer": peer,
        }
        if self._as_json:
            self._write(_encode(line) + b"\n")
            return
        told = (line["time"], method, path, status, f"{line['microseconds']}us")
        words = (*told, visit.door or "-", visit.caller or "-", visit.request_id or "-")
        printable = (str(it).encode("unicode_escape") for it in words)
        self._write(b" ".join(printable) + b"\n")


class AccessLog:
    """Writes a line about each request over HTTP."""

    def __init__(self, app: ASGIApp, lines: AccessLines) -> None:
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event, and write about it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        visit, status = Visit(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            kind = message["type"]
            if kind == "http.response.start":
                status = message["status"]
            elif kind == "websocket.accept":
                status = _SWITCHED
            await send(message)

        began_ns = perf_counter_ns()
        token = VISIT.set(visit)
        try:
            await self._app(scope, receive, noting)
        finally:
            VISIT.reset(token)
            client = scope.get("client")
            method, peer = scope.get("method", "GET"), client[0] if client else ""
            self._lines.tell(method, scope["path"], status, peer, visit, began_ns)
