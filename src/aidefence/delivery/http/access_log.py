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


class AccessLog:
    """Writes the lines itself: the way through a logging library costs as much as an answer."""

    def __init__(self, app: ASGIApp, write: Callable[[bytes], object], *, as_json: bool) -> None:
        self._app = app
        self._write = write
        self._as_json = as_json

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
            took_us = (perf_counter_ns() - began_ns) // _NS_PER_US
            self._tell(scope, visit, status, took_us)

    def _tell(self, scope: Scope, visit: Visit, status: int, took_us: int) -> None:
        client = scope.get("client")
        line = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "level": "info",
            "logger": "aidefence.access",
            "event": "request",
            "method": scope.get("method", "GET"),
            # Without what is asked in the query: it may hold a text.
            "path": scope["path"],
            "status": status,
            "microseconds": took_us,
            "request_id": visit.request_id,
            "caller": visit.caller,
            "door": visit.door,
            "peer": client[0] if client else "",
        }
        if self._as_json:
            self._write(_encode(line) + b"\n")
            return
        told = (line["time"], line["method"], line["path"], status, f"{took_us}us")
        words = (*told, visit.door or "-", visit.caller or "-", visit.request_id or "-")
        printable = (str(it).encode("unicode_escape") for it in words)
        self._write(b" ".join(printable) + b"\n")
