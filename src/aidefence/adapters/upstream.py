"""Upstreams over HTTP, with connections that are kept and shared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache

import httpx

from aidefence.domain.refusals import DeadlineError, UnavailableError
from aidefence.ports.upstream import Headers, Outgoing

_VERSION = "/v1"
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

    def __init__(self, patience: Patience | None = None) -> None:
        wait = patience or Patience()
        self._timeout = {
            "connect": wait.connect_seconds,
            "read": wait.silence_seconds,
            "write": wait.silence_seconds,
            "pool": wait.connect_seconds,
        }
        # The transport itself: a client would add cookies, redirects and a third of the time.
        self._transport = httpx.AsyncHTTPTransport(
            retries=wait.connect_attempts - 1,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=wait.connections_max,
                max_keepalive_connections=wait.idle_connections_max,
                keepalive_expiry=wait.idle_seconds,
            ),
        )

    async def send(self, outgoing: Outgoing) -> HttpIncoming:
        """Send a request, and return once the head of the answer is there."""
        name = outgoing.upstream.name
        request = httpx.Request(
            outgoing.method,
            _address(outgoing.upstream.base_url, outgoing.path, outgoing.query),
            headers=list(outgoing.headers),
            content=outgoing.body or None,
            extensions={"timeout": self._timeout},
        )
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.TimeoutException as error:
            raise DeadlineError(f"upstream `{name}` did not answer in time") from error
        except httpx.HTTPError as error:
            raise UnavailableError(f"upstream `{name}` cannot be reached") from error
        return HttpIncoming(name, response)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class HttpIncoming:
    """An answer over HTTP."""

    __slots__ = ("_name", "_response", "headers", "status")

    def __init__(self, name: str, response: httpx.Response) -> None:
        self._name = name
        self._response = response
        self.status: int = response.status_code
        self.headers: Headers = [(key.lower(), value) for key, value in response.headers.raw]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it comes in, decompressed."""
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except httpx.TimeoutException as error:
            raise DeadlineError(f"upstream `{self._name}` fell silent") from error
        except httpx.HTTPError as error:
            raise UnavailableError(f"upstream `{self._name}` went away") from error

    async def aclose(self) -> None:
        """Let go of the connection, also in the middle of the body."""
        await self._response.aclose()


@lru_cache(maxsize=_ADDRESSES_MAX)
def _address(base_url: str, path: str, query: bytes) -> httpx.URL:
    """Join address and path; a version that stands at the end of the one is not said twice."""
    base = base_url.rstrip("/")
    if base.endswith(_VERSION) and path.startswith(f"{_VERSION}/"):
        path = path.removeprefix(_VERSION)
    asked = query.decode("latin-1")
    return httpx.URL(f"{base}{path}?{asked}" if asked else f"{base}{path}")
