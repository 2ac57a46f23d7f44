"""`X-Request-Id`: the name under which a client, its proxies and we speak of one request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
# What fits into a line of any log without being taken for something else.
_FIT = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the client's own name for its request; none where it is unfit to be repeated."""
    for name, value in headers:
        if name == HEADER:
            return fit(value)
    return None


def fit(value: bytes) -> bytes | None:
    """Return a name if it can be repeated in answers and logs."""
    return value if _FIT.fullmatch(value) else None


def naming(app: ASGIApp, make: Callable[[], str]) -> ASGIApp:
    """Wrap an application: every answer over HTTP carries the client's name for it, or ours."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        value = given_id(scope["headers"]) or make().encode()

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, value)]
            await send(message)

        await app(scope, receive, send_named)

    return named
