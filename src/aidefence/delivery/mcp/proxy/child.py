"""A server that we start as a program, and that ends with us."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from aidefence.delivery.mcp.proxy.lines import Line, lines
from aidefence.domain.errors import LaunchError

# Between being told that the client is done, being asked to end, and being ended: together less
# than clients leave us before they end us.
_GRACE_SECONDS = 0.7
_TERM_SECONDS = 0.7
# What a server that has ended has written before is still in the pipe.
_REST_SECONDS = 1.0
_LOOK_SECONDS = 0.02


class Child:
    """A program in a process group of its own; its standard error is ours."""

    def __init__(self, process: asyncio.subprocess.Process, message_bytes_max: int) -> None:
        self._process = process
        self._message_bytes_max = message_bytes_max
        self._asked_to_end = False

    @classmethod
    async def start(cls, command: Sequence[str], message_bytes_max: int) -> Child:
        """Start the program with our environment, as the client has given it to us.

        Raises:
            LaunchError: there is no such program, or it may not be run.

        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None,
                # What the server starts itself ends with it.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise LaunchError(f"server `{command[0]}` does not start: {reason}") from error
        return cls(process, message_bytes_max)

    async def send(self, line: bytes) -> None:
        """Hand over a line, and wait while the server is slow to take it."""
        writer = self._process.stdin
        if writer is None or writer.is_closing():
            raise BrokenPipeError("the server takes no more")
        writer.write(line + b"\n")
        await writer.drain()

    def lines(self) -> AsyncIterator[Line]:
        """Give what the server says, until it ends or its last process does."""
        return self._lines()

    async def finish(self) -> None:
        """Close the server's standard input: it ends by itself, if it is well made."""
        self._asked_to_end = True
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def close(self) -> str:
        """End the server and all that it has started; say how it ended."""
        asked = self._asked_to_end
        await self.finish()
        if self._process.returncode is None:
            await self._wait(_GRACE_SECONDS if asked else _REST_SECONDS)
        ended = self._process.returncode
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            self._signal(sign)
            await self._wait(_TERM_SECONDS)
        # Whoever of the group outlived the server ends now.
        self._signal(signal.SIGKILL)
        if asked:
            return ""
        if ended is None:
            return "it closed its output"
        return f"signal {-ended}" if ended < 0 else f"exit code {ended}"

    async def _lines(self) -> AsyncIterator[Line]:
        stdout = self._process.stdout
        if stdout is None:
            return
        watching = asyncio.create_task(self._end_of(stdout))
        try:
            async for line in lines(stdout.read, self._message_bytes_max):
                yield line
        finally:
            watching.cancel()

    async def _end_of(self, stdout: asyncio.StreamReader) -> None:
        """End the stream with the server: who it has started may hold the pipe open for ever."""
        await self._wait()
        await asyncio.sleep(_REST_SECONDS)
        stdout.feed_eof()

    async def _wait(self, seconds: float | None = None) -> None:
        # Not `wait()` of the process: that waits for the end of its pipes, too.
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._process.returncode is None:
            if deadline is not None and time.monotonic() >= deadline:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _signal(self, sign: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)
