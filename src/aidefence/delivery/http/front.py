"""One application of several: REST at once, all other doors through a router."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from aidefence.delivery.http.forwarded import Proxies
from aidefence.delivery.http.problems import CONTENT_TYPE, Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_log = logging.getLogger("aidefence.http")
_METHOD_NOT_ALLOWED = 405
_OURS = "/api/"


class Front:
    """Hands a connection to its door. What no other door knows is REST's to refuse."""

    def __init__(
        self,
        rest: ASGIApp,
        others: Sequence[BaseRoute] = (),
        running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        proxies: Proxies | None = None,
    ) -> None:
        """`running` is held open while the application serves; `proxies` stand in front of it."""
        self._running = running
        self._proxies = proxies
        self._rest = rest
        self._others = rest
        if others:
            app = Starlette(routes=others, exception_handlers={HTTPException: refuse_unrouted})
            app.router.default = rest
            self._others = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one connection event."""
        # No coroutine of its own: this is the hot path.
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        if self._proxies is not None:
            scope = self._proxies.see_through(scope)
        return (self._rest if scope["path"].startswith(_OURS) else self._others)(
            scope, receive, send
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        said = "lifespan.startup"
        try:
            async with self._running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                said = "lifespan.shutdown"
        except Exception:  # noqa: BLE001 -- whatever it is, the server must hear of it
            _log.exception("%s failed", said)
            await send({"type": f"{said}.failed"})
        else:
            await send({"type": "lifespan.shutdown.complete"})


async def refuse_unrouted(request: Request, error: Exception) -> Response:
    """Refuse what has no route, or not by this method, with a problem document."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    if status == _METHOD_NOT_ALLOWED and request.method == "OPTIONS":
        return Response(status_code=204, headers=_with_options(headers))
    phrase = HTTPStatus(status).phrase
    kind = phrase.lower().replace(" ", "-")
    refusal = Refusal(status, kind, phrase, f"{request.method} {request.url.path}")
    return Response(refusal.body(), status, headers, CONTENT_TYPE)


def _with_options(headers: dict[str, str]) -> dict[str, str]:
    allowed = headers.pop("Allow", headers.pop("allow", "")).split(", ")
    return {**headers, "allow": ", ".join(sorted({*allowed, "OPTIONS"} - {""}))}
