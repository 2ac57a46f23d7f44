"""Upstreams over HTTP, with connections that are kept and shared."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote, quote_from_bytes, urlsplit

import certifi
import h11

from aidefence.adapters.http1.connection import Connection
from aidefence.adapters.http1.errors import ExchangeError, SilenceError
from aidefence.adapters.http1.pool import Pool
from aidefence.adapters.http1.reaching import Origin, reach
from aidefence.adapters.http1.unpacking import coding_of, unpacked
from aidefence.domain.refusals import DeadlineError, NotFoundError, RefusedError, UnavailableError
from aidefence.ports.upstream import Headers, Outgoing

_VERSION = "/v1"
_PORTS = {"http": 80, "https": 443}
# What stands in a path or a query as it is; what is written as `%41` already stays so, too.
_PLAIN = "/%:@!$&'()*+,;=~-._"
_ADDRESSES_MAX = 256


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, and for how many at once."""

    connect_seconds: float = 5.0
    silence_seconds: float = 300.0
    """Until the head of an answer, and between two pieces of it."""
    connections_max: int = 1000
    idle_connections_max: int = 100
    idle_seconds: float = 30.0
    connect_attempts: int = 2


class HttpUpstreams:
    """Asks upstreams over HTTP/1.1. Redirects are not followed, proxies of the system not used.

    Only what never reached the upstream is tried again: a connection that could not be made.
    """

    def __init__(
        self, patience: Patience | None = None, tls: Callable[[], ssl.SSLContext] | None = None
    ) -> None:
        """`tls` says whom to believe over TLS; by default whom the browsers believe."""
        self._patience = wait = patience or Patience()
        self._tls = tls or browsers_trust
        self._pool = Pool(
            self._connect,
            connections_max=wait.connections_max,
            idle_max=wait.idle_connections_max,
            idle_seconds=wait.idle_seconds,
            wait_seconds=wait.connect_seconds,
        )

    async def send(self, outgoing: Outgoing) -> HttpIncoming:
        """Send a request, and return once the head of the answer is there."""
        name = outgoing.upstream.name
        origin, before = address_of(outgoing.upstream.base_url)
        target = _target(before, outgoing.path, outgoing.query)
        try:
            connection = await self._pool.take(origin)
            try:
                head = await connection.ask(
                    outgoing.method, target, outgoing.headers, outgoing.body
                )
                return HttpIncoming(name, self._pool, connection, head)
            except BaseException:
                self._pool.give_back(connection)
                raise
        except ExchangeError as error:
            raise _refusal(name, error) from error

    async def aclose(self) -> None:
        """Close all connections that nobody uses, and keep none any more."""
        self._pool.close()

    async def _connect(self, origin: Origin) -> Connection:
        wait = self._patience
        for attempt in range(wait.connect_attempts):
            try:
                wire = await reach(origin, self._tls, wait.connect_seconds)
                return Connection(origin, wire, wait.silence_seconds)
            except ExchangeError:
                if attempt + 1 >= wait.connect_attempts:
                    raise
        raise ExchangeError("nobody tried")


class HttpIncoming:
    """An answer over HTTP."""

    __slots__ = ("_coding", "_connection", "_name", "_pool", "headers", "status")

    def __init__(self, name: str, pool: Pool, connection: Connection, head: h11.Response) -> None:
        """Raises `ExchangeError` where its body could not be read."""
        self._name = name
        self._pool = pool
        self._connection: Connection | None = connection
        self.status: int = head.status_code
        self.headers: Headers = list(head.headers)
        self._coding = coding_of(self.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes in, decompressed."""
        if self._connection is None:
            return
        chunks = self._connection.chunks()
        try:
            async for chunk in unpacked(chunks, self._coding) if self._coding else chunks:
                yield chunk
        except ExchangeError as error:
            raise _refusal(self._name, error) from error

    async def aclose(self) -> None:
        """Let go of the connection, also in the middle of the body."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)


def _refusal(name: str, error: ExchangeError) -> RefusedError:
    kind = DeadlineError if isinstance(error, SilenceError) else UnavailableError
    return kind(f"upstream `{name}` {error}")


@lru_cache(maxsize=_ADDRESSES_MAX)
def address_of(base_url: str) -> tuple[Origin, str]:
    """Take an address apart: the server, and what stands before every path.

    Raises:
        ValueError: it is none.

    """
    parts = urlsplit(base_url)
    if parts.hostname is None:
        raise ValueError("names no server")
    host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
    usual = _PORTS[parts.scheme]
    port = parts.port or usual
    written = f"[{host}]" if ":" in host else host
    authority = written if port == usual else f"{written}:{port}"
    return Origin(host, port, parts.scheme == "https", authority.encode()), parts.path.rstrip("/")


@lru_cache(maxsize=_ADDRESSES_MAX)
def _target(before: str, path: str, query: bytes) -> bytes:
    """Join address and path; a version that stands at the end of the one is not said twice."""
    if ".." in path.split("/"):
        # With our key, it would lead to what the operator has not opened.
        raise NotFoundError("a path with `..` in it is not passed on")
    if before.endswith(_VERSION) and path.startswith(f"{_VERSION}/"):
        path = path.removeprefix(_VERSION)
    target = quote(f"{before}{path}", safe=_PLAIN)
    asked = quote_from_bytes(query, safe=f"{_PLAIN}?")
    return f"{target}?{asked}".encode() if asked else target.encode()


@cache
def browsers_trust() -> ssl.SSLContext:
    """Make what checks certificates as browsers do, and speaks nothing but HTTP/1.1."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
