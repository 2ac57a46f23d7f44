"""A model server for tests: speaks HTTP over real sockets, and does whatever a test wants of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

DIE = object()
"""In a body: cut the connection here."""
HANG = object()
"""In a body: say nothing more, and hold on to the connection whatever the client does."""

SSE = "text/event-stream"
JSON = "application/json"


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    data: bytes

    @property
    def body(self) -> Any:
        """What it says."""
        return json.loads(self.data)

    def header(self, name: str) -> str | None:
        """One header."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Reply:
    """What is answered: pieces of bytes, seconds to wait, or an end of another kind."""

    pieces: Sequence[bytes | float | object]
    status: int = 200
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def told(value: object, **options: Any) -> Reply:
    """Answer with JSON."""
    return Reply([json.dumps(value).encode()], **options)


def events(values: Iterable[Any], *, named: bool = False, end: bytes = b"") -> Reply:
    """Answer with a stream of events."""
    pieces: list[bytes | float | object] = []
    for value in values:
        if isinstance(value, dict):
            name = f"event: {value['type']}\n".encode() if named else b""
            pieces.append(name + b"data: " + json.dumps(value).encode() + b"\n\n")
        else:
            pieces.append(value)
    return Reply([*pieces, end] if end else pieces, kind=SSE)


def cut(reply: Reply, size: int) -> Reply:
    """Cut a body into pieces of so many bytes, wherever that falls."""
    data = b"".join(it for it in reply.pieces if isinstance(it, bytes))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return Reply(pieces, reply.status, reply.kind, reply.headers)


class Upstream:
    """The server, in a thread of its own. `answer` decides about each request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.gone = threading.Semaphore(0)
        """Released whenever a client went away before all was said."""
        self.answer: Callable[[Asked], Reply] = lambda _: Reply([b"{}"])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        opened = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024), self._loop
        )
        self._server = opened.result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _close(self) -> None:
        self._server.close()
        tasks = [it for it in asyncio.all_tasks() if it is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                await self._say(self.answer(asked), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.release()
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()

    async def _say(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = [f"HTTP/1.1 {reply.status} X", f"content-type: {reply.kind}"]
        head += [f"{key}: {value}" for key, value in reply.headers.items()]
        writer.write("\r\n".join([*head, "transfer-encoding: chunked", "", ""]).encode())
        await writer.drain()
        for piece in reply.pieces:
            if isinstance(piece, bytes):
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await writer.drain()
            elif piece is HANG:
                # Whatever comes is read and forgotten, until nothing can come any more.
                await reader.read()
                raise ConnectionError("the client went away")
            elif piece is DIE:
                writer.transport.abort()
                raise ConnectionError("we went away")
            else:
                await self._wait(float(str(piece)), reader)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _wait(self, seconds: float, reader: asyncio.StreamReader) -> None:
        until = self._loop.time() + seconds
        while self._loop.time() < until:
            if reader.at_eof():
                raise ConnectionError("the client went away")
            await asyncio.sleep(min(0.005, seconds))


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = [
        (name.lower(), value.strip())
        for name, _, value in (it.partition(":") for it in lines)
        if name
    ]
    length = next((int(value) for name, value in headers if name == "content-length"), 0)
    return Asked(method, path, headers, await reader.readexactly(length))
