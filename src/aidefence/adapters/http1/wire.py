"""The bytes of one connection: read when they are wanted, held back while they are not."""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Iterable
from typing import cast

from aidefence.adapters.http1.errors import ExchangeError, SilenceError

# More than this is not taken in before somebody reads it.
_WAITING_BYTES_MAX = 256 << 10


class Wire(asyncio.Protocol):
    """One connection, for one task at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parts: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ended = False
        self._is_paused = False
        self._is_full = False
        self._waiter: asyncio.Future[None] | None = None

    # -- for whoever asks

    @property
    def is_quiet(self) -> bool:
        """Whether it is open, and nothing came that nobody had asked for."""
        transport = self._transport
        if transport is None or self._ended or self._parts or transport.is_closing():
            return False
        # The end may have come in already, and the loop has not looked yet.
        seen = select.poll()
        seen.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not seen.poll(0)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes in."""
        return self._ended

    def write(self, parts: Iterable[bytes]) -> None:
        """Begin to send; what goes out at once costs no waiting."""
        if self._transport is not None:
            self._transport.writelines(parts)

    async def drain(self, seconds: float) -> None:
        """Wait until most of what was written went out, or nobody takes it any more.

        Raises:
            SilenceError: it is not taken for so long.

        """
        while self._is_full and not self._ended:
            await self._wait(seconds)

    async def read(self, seconds: float) -> bytes:
        """Give what came in, as soon as there is something; nothing at the end.

        Raises:
            SilenceError: nothing comes for so long.

        """
        while not self._parts and not self._ended:
            await self._wait(seconds)
        if not self._parts:
            return b""
        data = self._parts.popleft()
        self._waiting_bytes -= len(data)
        if self._is_paused and self._waiting_bytes < _WAITING_BYTES_MAX // 2:
            self._is_paused = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()
        return data

    def abort(self) -> None:
        """Close it at once."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self, seconds: float) -> None:
        if self._waiter is not None:
            raise ExchangeError("is asked by two tasks on one connection")
        waiter = self._waiter = self._loop.create_future()
        # A timer of our own: those of the library cost as much as all else here.
        timer = self._loop.call_later(seconds, _give_up, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    # -- for the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # Loops other than the library's own have transports of their own kind.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._parts.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _WAITING_BYTES_MAX and not self._is_paused:
            self._is_paused = True
            if self._transport is not None and not self._transport.is_closing():
                self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- either is the end
        """End: whatever came in before can still be read."""
        self._ended = True
        self._wake()

    def pause_writing(self) -> None:
        """Write no more for now."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on writing."""
        self._is_full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(SilenceError("was silent for too long"))
