"""Open connections: how many there may be, how long a message, how long we wait for a reader."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from aidefence.domain.access import Caller
from aidefence.domain.refusals import OverloadedError
from aidefence.ports.renewal import Phase

NORMAL, GOING_AWAY, NOT_ALLOWED, TOO_LARGE, FAILED, TRY_LATER = 1000, 1001, 1008, 1009, 1011, 1013
_SEND_SECONDS_MAX = 10.0
_RETRY_MS = 5_000
# A look costs each of them, however idle.
_LOOK_SECONDS = 1.0

_encode = msgspec.json.Encoder().encode


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

    __slots__ = ("_bytes_max", "_sending", "_socket", "caller", "listens", "peer")

    def __init__(self, socket: WebSocket, caller: Caller, bytes_max: int) -> None:
        self._socket = socket
        self._bytes_max = bytes_max
        self._sending = asyncio.Lock()
        self.caller = caller
        self.peer = socket.client.host if socket.client else None
        self.listens = False
        """Whether nothing is being answered: the next message is waited for."""

    async def receive(self) -> bytes:
        """Take the next message.

        Raises:
            Gone: the other side is, or its message is too long.

        """
        self.listens = True
        message = await self._socket.receive()
        self.listens = False
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


async def pause(seconds: float, line: Line, phase: Callable[[], Phase]) -> None:
    """Wait, unless the gateway begins to end: a client is better off with another one at once.

    Raises:
        Gone: it does, and what was asked is answered.

    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        if line.listens and phase() is Phase.DRAINING:
            raise Gone(GOING_AWAY, "this gateway is about to end: connect again")
        left = end - asyncio.get_running_loop().time()
        if left <= 0:
            return
        await asyncio.sleep(min(left, _LOOK_SECONDS))


def is_same_origin(socket: WebSocket) -> bool:
    """Whether a page of ours opened this, as far as its browser tells."""
    origin, host = socket.headers.get("origin", ""), socket.headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc == host
