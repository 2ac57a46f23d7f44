"""Places where models answer, as the outside world offers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from aidefence.domain.proxying import Upstream

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request on its way to an upstream; `path` and query are as the client sent them."""

    upstream: Upstream
    method: str
    path: str
    query: bytes = b""
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


class Incoming(Protocol):
    """An answer that has begun to come in; whoever has it must close it."""

    @property
    def status(self) -> int:
        """The status the upstream gave."""

    @property
    def headers(self) -> Headers:
        """The headers the upstream gave, names in lower case."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes in, decompressed.

        Raises:
            UnavailableError: the upstream went away before the end.
            DeadlineError: it was silent for too long.

        """

    async def aclose(self) -> None:
        """Let go of the connection, also in the middle of the body."""


class Upstreams(Protocol):
    """Sends requests to upstreams. Belongs to one event loop."""

    async def send(self, outgoing: Outgoing) -> Incoming:
        """Send a request, and return once the head of the answer is there.

        Raises:
            UnavailableError: nobody answers there.
            DeadlineError: nobody answered in time.

        """

    async def aclose(self) -> None:
        """Close all connections."""
