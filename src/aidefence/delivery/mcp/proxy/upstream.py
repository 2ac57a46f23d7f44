"""The other side: a server of tools, however it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from aidefence.delivery.mcp.proxy.lines import Line


class Upstream(Protocol):
    """A server behind the proxy."""

    async def send(self, line: bytes) -> None:
        """Hand over a line, and wait while the server is slow to take it.

        Raises:
            OSError: the server takes no more.

        """

    def lines(self) -> AsyncIterator[Line]:
        """Give what the server says, until it ends."""

    async def finish(self) -> None:
        """Say that the client is done: what is under way may still be answered."""

    async def close(self) -> str:
        """End it, if it has not ended; say how it ended, empty if as it should."""
