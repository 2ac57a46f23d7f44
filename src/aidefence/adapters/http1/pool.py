"""Connections that are kept for the next request, and how many there may be."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from aidefence.adapters.http1.connection import Connection
from aidefence.adapters.http1.errors import ExchangeError, SilenceError
from aidefence.adapters.http1.reaching import Origin


class Pool:
    """Connections to all servers. Belongs to one event loop."""

    def __init__(
        self,
        connect: Callable[[Origin], Awaitable[Connection]],
        *,
        connections_max: int,
        idle_max: int,
        idle_seconds: float,
        wait_seconds: float,
    ) -> None:
        """`wait_seconds` is how long it waits for its turn when all are in use."""
        self._connect = connect
        self._turns = asyncio.Semaphore(connections_max)
        self._connections_max = connections_max
        self._idle_max = idle_max
        self._idle_seconds = idle_seconds
        self._wait_seconds = wait_seconds
        self._in_use = 0
        self._idle_count = 0
        # The one used last is taken first: those that nobody needs grow old.
        self._idle: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def take(self, origin: Origin) -> Connection:
        """Give a connection that is kept, or a new one; whoever has it must give it back.

        Raises:
            SilenceError: all are in use for too long, or connecting takes too long.
            ExchangeError: nobody is there.

        """
        await self._turn()
        try:
            connection = self._kept(origin)
            if connection is None:
                if self._in_use + self._idle_count >= self._connections_max:
                    self._drop_oldest()
                connection = await self._connect(origin)
        except BaseException:
            self._turns.release()
            raise
        self._in_use += 1
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next one, unless it has no future."""
        self._in_use -= 1
        self._turns.release()
        if self._is_closed or self._idle_count >= self._idle_max or not connection.renew():
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle[connection.origin].append(connection)
        self._idle_count += 1
        if self._sweeping is None:
            self._sweeping = loop.call_later(self._idle_seconds, self._sweep)

    def close(self) -> None:
        """Close those that are kept, and keep none any more."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle_count:
            self._drop_oldest()

    async def _turn(self) -> None:
        if self._is_closed:
            raise ExchangeError("is asked no more: the gateway ends")
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise SilenceError("had no free connection in time") from None

    def _kept(self, origin: Origin) -> Connection | None:
        kept = self._idle.get(origin)
        while kept:
            connection = kept.pop()
            self._idle_count -= 1
            if connection.is_quiet:
                return connection
            connection.abort()
        return None

    def _drop_oldest(self) -> None:
        oldest = min(
            (kept for kept in self._idle.values() if kept), key=lambda kept: kept[0].idle_since
        )
        oldest.popleft().abort()
        self._idle_count -= 1

    def _sweep(self) -> None:
        """Close what nobody has used for long, and look again as long as something is left."""
        loop = asyncio.get_running_loop()
        self._sweeping = None
        until = loop.time() - self._idle_seconds
        for kept in self._idle.values():
            while kept and kept[0].idle_since <= until:
                kept.popleft().abort()
                self._idle_count -= 1
        if self._idle_count:
            first = min(kept[0].idle_since for kept in self._idle.values() if kept)
            self._sweeping = loop.call_at(first + self._idle_seconds, self._sweep)
