"""A server that says raw bytes: what a test has it say, whether the protocol has it or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server that says what a test has it say; `heard` is what it was asked, in raw bytes."""

    def __init__(self, says: Serve) -> None:
        self._says = says
        self.heard: list[bytes] = []
        self.connections = 0
        self.gone = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.heard.append(await _request(reader))
                await self._says(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.close()


@asynccontextmanager
async def serving(says: Serve | bytes, **options: Any) -> AsyncIterator[Server]:
    async def said(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says if isinstance(says, bytes) else b"")
        await writer.drain()

    server = Server(said if isinstance(says, bytes) else says)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, **options)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [it for it in head.lower().split(b"\r\n") if it.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    return head + await reader.readexactly(length)
