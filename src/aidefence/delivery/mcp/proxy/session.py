"""Run one session: both sides read at once, each message in its turn, everything ended in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from aidefence.delivery.mcp.proxy.events import Event, Kind, Tell
from aidefence.delivery.mcp.proxy.lines import Line, Oversized, lines
from aidefence.delivery.mcp.proxy.relay import Passing, Relay
from aidefence.delivery.mcp.proxy.upstream import Upstream

# Up to here a message is inspected in less time than a visit to another thread takes.
_INLINE_BYTES_MAX = 1 << 16
_LOOK_SECONDS = 0.25
_LAST_ANSWERS_SECONDS = 30.0

_log = logging.getLogger("aidefence.mcp")


class Front(Protocol):
    """The side of the client."""

    async def read(self, most: int) -> bytes:
        """Give what has come in; nothing when the client is done."""

    async def write(self, line: bytes) -> None:
        """Write one line, and wait while the client is slow to read."""


class Session:
    """One client, one server, and the relay between them."""

    def __init__(
        self,
        front: Front,
        upstream: Upstream,
        relay: Relay,
        *,
        message_bytes_max: int,
        now_ns: Callable[[], int],
        tell: Tell,
    ) -> None:
        self._front = front
        self._upstream = upstream
        self._relay = relay
        self._message_bytes_max = message_bytes_max
        self._now_ns = now_ns
        self._tell = tell
        # One message at a time, of either side: what is remembered has an order.
        self._turn = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> bool:
        """Pass messages on until a side ends or `stop` is set; tells whether the server held."""
        client = asyncio.create_task(self._from_client())
        server = asyncio.create_task(self._from_server())
        clock = asyncio.create_task(self._watch())
        stopped = asyncio.create_task(stop.wait())
        running = {client, server, clock, stopped}
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # A failed reader of the server could not write to the client: nobody is there.
            if server not in done or _failed(server):
                await self._upstream.finish()
            if client in done and not done & {server, clock, stopped}:
                await self._last_answers(server, stopped)
            why = await self._upstream.close()
            if why:
                self._tell(Event(Kind.ENDED, reason=f"server: {why}"))
            with suppress(OSError):
                for line in self._relay.server_ended(why or "it was ended"):
                    await self._front.write(line)
            return not why
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _last_answers(self, server: asyncio.Task[None], stopped: asyncio.Task[bool]) -> None:
        """Let a client that has said all hear what it has asked for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                while self._relay.waiting and not (server.done() or stopped.done()):
                    await asyncio.wait({server, stopped}, timeout=_LOOK_SECONDS)

    async def _from_client(self) -> None:
        async for line in lines(self._front.read, self._message_bytes_max):
            async with self._turn:
                passing = await self._read(line, of_client=True)
            # Outside of the turn: a server may read nothing until somebody reads what it has said.
            await self._pass(passing)

    async def _from_server(self) -> None:
        async for line in self._upstream.lines():
            async with self._turn:
                passing = await self._read(line, of_client=False)
            await self._pass(passing)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            async with self._turn:
                passing = self._relay.give_up(self._now_ns())
            await self._pass(passing)

    async def _read(self, line: Line, *, of_client: bool) -> Passing:
        if isinstance(line, Oversized):
            return self._relay.oversized(line.beginning, of_client=of_client)
        take = self._relay.from_client if of_client else self._relay.from_server
        try:
            if len(line) <= _INLINE_BYTES_MAX:
                return take(line, self._now_ns())
            return await asyncio.to_thread(take, line, self._now_ns())
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            # What was not inspected does not pass, whatever the reason.
            _log.exception("a message could not be inspected")
            return self._relay.faulted(line, of_client=of_client)

    async def _pass(self, passing: Passing) -> None:
        for line in passing.to_client:
            await self._front.write(line)
        for line in passing.to_server:
            # A server that takes no more is about to end: its reader tells of that.
            with suppress(OSError):
                await self._upstream.send(line)


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is not None
