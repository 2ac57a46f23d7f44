"""A server that is reached over streamable HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import httpx
from mcp.shared.inbound import encode_header_value

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.answers import error
from aidefence.delivery.mcp.proxy.frames import key_of, write
from aidefence.delivery.mcp.proxy.lines import Line, Oversized, lines

_SESSION = "mcp-session-id"
_VERSION = "mcp-protocol-version"
_VERSION_NOTE = "io.modelcontextprotocol/protocolVersion"
# Which member of a request is repeated in a header, for those who route by it.
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_JSON = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
_WAITING_MAX = 256
_CONNECT_SECONDS = 10.0
_END_SECONDS = 1.0
_BEGINNING = 4_096

_log = logging.getLogger("aidefence.mcp")


class Remote:
    """A server behind an address. Each message of the client is a request of its own.

    Redirects are not followed: what the client says is for the address that was named.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], message_bytes_max: int, seconds_max: float
    ) -> None:
        self._url = url
        self._message_bytes_max = message_bytes_max
        self._client = httpx.AsyncClient(
            headers=dict(headers), timeout=httpx.Timeout(seconds_max, connect=_CONNECT_SECONDS)
        )
        self._said: asyncio.Queue[Line | None] = asyncio.Queue(_WAITING_MAX)
        self._posts: dict[asyncio.Task[None], str | None] = {}
        self._room = asyncio.Semaphore(_WAITING_MAX)
        self._session: str | None = None
        self._version: str | None = None
        self._listening: asyncio.Task[None] | None = None

    async def send(self, line: bytes) -> None:
        """Post a line; its answer comes among the lines."""
        message = json.loads(line)
        if self._ends_post(message):
            return
        await self._room.acquire()
        task = asyncio.create_task(self._post(line, message, self._headers(message)))
        key = key_of(message.get("id")) if isinstance(message, dict) else None
        self._posts[task] = key
        task.add_done_callback(self._done)
        if isinstance(message, dict) and message.get("method") == "initialize":
            # What follows must name the session that this opens.
            await asyncio.wait({task})

    async def lines(self) -> AsyncIterator[Line]:
        """Give what the server says, until it is closed."""
        while (line := await self._said.get()) is not None:
            yield line

    async def finish(self) -> None:
        """Nothing: answers that are under way still come."""

    async def close(self) -> str:
        """End the session; nothing more is heard."""
        for task in (*self._posts, *((self._listening,) if self._listening else ())):
            task.cancel()
        if self._session is not None:
            with suppress(httpx.HTTPError):
                await self._client.delete(self._url, headers=self._common(), timeout=_END_SECONDS)
        await self._client.aclose()
        with suppress(asyncio.QueueFull):
            self._said.put_nowait(None)
        return ""

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._posts[task]
        self._room.release()

    def _ends_post(self, message: Any) -> bool:  # noqa: ANN401
        """Without a handshake, closing a request is how it is cancelled: nothing is posted."""
        if self._version is not None or not isinstance(message, dict):
            return False
        if message.get("method") != "notifications/cancelled":
            return False
        wanted = key_of((message.get("params") or {}).get("requestId"))
        for task, key in list(self._posts.items()):
            if key is not None and key == wanted:
                task.cancel()
        return True

    def _common(self) -> dict[str, str]:
        told = {_SESSION: self._session, _VERSION: self._version}
        return {name: value for name, value in told.items() if value is not None}

    def _headers(self, message: Any) -> dict[str, str]:  # noqa: ANN401
        headers = {**_JSON, **self._common()}
        if not isinstance(message, dict) or not isinstance(message.get("params"), dict):
            return headers
        params = message["params"]
        meta = params.get("_meta")
        version = meta.get(_VERSION_NOTE) if isinstance(meta, dict) else None
        if isinstance(version, str) and version.isascii() and version.isprintable():
            headers |= {_VERSION: version, "mcp-method": encode_header_value(message["method"])}
            named = params.get(_NAMED.get(message["method"], ""))
            if isinstance(named, str):
                headers["mcp-name"] = encode_header_value(named)
        return headers

    def _listen(self) -> None:
        """Hear what the server says without being asked, if it offers that."""
        if self._session is not None and self._listening is None:
            self._listening = asyncio.create_task(self._hear_unasked())

    async def _hear_unasked(self) -> None:
        headers = {"accept": "text/event-stream", **self._common()}
        with suppress(httpx.HTTPError):
            async with self._client.stream(
                "GET", self._url, headers=headers, timeout=None
            ) as response:
                kind = response.headers.get("content-type", "")
                if response.is_success and kind.startswith("text/event-stream"):
                    await self._take_events(response)

    async def _post(self, line: bytes, message: Any, headers: dict[str, str]) -> None:  # noqa: ANN401
        try:
            async with self._client.stream(
                "POST", self._url, content=line, headers=headers
            ) as response:
                await self._take(response, message)
        except httpx.HTTPError as failed:
            await self._tell(message, f"{type(failed).__name__.lower()} at its address")
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            # Whoever waits must hear of it, whatever the reason.
            _log.exception("an answer could not be taken in")
            await self._tell(message, "its answer could not be taken in")

    async def _take(self, response: httpx.Response, message: Any) -> None:  # noqa: ANN401
        if response.is_success and _SESSION in response.headers:
            self._session = response.headers[_SESSION]
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            await self._take_events(response)
        elif kind == "application/json":
            await self._take_document(response)
        elif not response.is_success:
            await self._tell(message, f"it answers with status {response.status_code}")
        if isinstance(message, dict) and message.get("method") == "notifications/initialized":
            self._listen()

    async def _take_document(self, response: httpx.Response) -> None:
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > self._message_bytes_max:
                await self._hear(Oversized(bytes(body[:_BEGINNING])))
                return
        await self._hear(bytes(body).replace(b"\r", b" ").replace(b"\n", b" "))

    async def _take_events(self, response: httpx.Response) -> None:
        chunks = response.aiter_bytes()

        async def read(_: int) -> bytes:
            return await anext(chunks, b"")

        data: list[bytes] = []
        async for line in lines(read, self._message_bytes_max, keeps_empty=True):
            if isinstance(line, Oversized):
                await self._hear(Oversized(line.beginning.removeprefix(b"data:")))
                continue
            text = line.rstrip(b"\r")
            if text.startswith(b"data:"):
                data.append(text[5:])
            elif not text and data:
                await self._hear(b" ".join(data))
                data.clear()

    async def _hear(self, line: Line) -> None:
        if isinstance(line, Oversized) or line.strip():
            self._learn(line)
            await self._said.put(line)

    def _learn(self, line: Line) -> None:
        """Know which version both sides have agreed on: later requests must name it."""
        if self._version is not None or isinstance(line, Oversized):
            return
        with suppress(ValueError, LookupError, TypeError):
            version = json.loads(line)["result"]["protocolVersion"]
            if isinstance(version, str) and version.isascii() and version.isprintable():
                self._version = version

    async def _tell(self, message: Any, why: str) -> None:  # noqa: ANN401
        asked = message if isinstance(message, list) else [message]
        for one in asked:
            if isinstance(one, dict) and "method" in one and "id" in one:
                reason = f"the server is out of reach: {why}"
                await self._said.put(write(error(one["id"], Code.UNAVAILABLE, reason)))
