"""Our own standard streams, as the side of the client."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import IO

_ENDED = b""


class StandardStreams:
    """Reads what the client writes to us, and writes what it reads."""

    def __init__(self, reading: IO[bytes], writing: IO[bytes]) -> None:
        self._reading = reading
        self._writing = writing
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def open(cls) -> StandardStreams:
        """Take over standard input and output."""
        streams = cls(sys.stdin.buffer, sys.stdout.buffer)
        await streams._connect()
        return streams

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            reader = asyncio.StreamReader()
            await loop.connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), self._reading
            )
            self._reader = reader
        except (ValueError, PermissionError, OSError):
            # A file is no pipe: it is read in a thread.
            self._reader = None
        try:
            transport, protocol = await loop.connect_write_pipe(_Drained, self._writing)
            self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        except (ValueError, PermissionError, OSError):
            self._writer = None

    async def read(self, most: int) -> bytes:
        """Give what has come in; nothing when the client is done."""
        if self._reader is not None:
            return await self._reader.read(most)
        return await asyncio.to_thread(os.read, self._reading.fileno(), most)

    async def write(self, line: bytes) -> None:
        """Write one line, and wait while the client is slow to read.

        Raises:
            OSError: the client reads no more.

        """
        if self._writer is not None:
            self._writer.write(line + b"\n")
            await self._writer.drain()
            return
        await asyncio.to_thread(self._write_all, line + b"\n")

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._writing.fileno(), data) :]


class _Drained(asyncio.streams.FlowControlMixin):
    """What a writer waits for where nobody reads."""

    async def _get_close_waiter(self, stream: asyncio.StreamWriter) -> None:
        del stream
