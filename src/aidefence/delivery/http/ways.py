"""Routes that say who may take them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.problems import (
    CONTENT_TYPE,
    FAULT,
    Refusal,
    refusal_of,
    refusal_of_given,
)
from aidefence.domain.access import UNKNOWN, Caller, Permission
from aidefence.domain.errors import (
    ContentError,
    LimitError,
    PolicyError,
    SettingError,
)
from aidefence.domain.refusals import RefusedError
from aidefence.service.authoring import UnreadError
from aidefence.service.gate import Gate

_log = logging.getLogger("aidefence.http")


@dataclass(frozen=True, slots=True)
class Call:
    """One request on a route, from somebody who was let in."""

    request: Request
    caller: Caller


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]
Refuse: TypeAlias = Callable[[Refusal], Response]
_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Way:
    """One route: `permission` is what it takes; none where everybody may, even unknown."""

    method: str
    path: str
    handler: Handler
    permission: Permission | None


def tell(refusal: Refusal) -> Response:
    """Write a refusal as a problem document."""
    return Response(refusal.body(), refusal.status, dict(refusal.headers), CONTENT_TYPE)


def make_routes(ways: Iterable[Way], gate: Gate, refuse: Refuse = tell) -> list[Route]:
    """Make routes that let in only who may; `refuse` writes refusals in a dialect of its own."""
    # One route for each path: what has two methods must tell both when asked with a third.
    by_path: dict[str, dict[str, _Endpoint]] = defaultdict(dict)
    for way in ways:
        by_path[way.path][way.method] = _endpoint(way, gate, refuse)
    return [
        Route(path, _by_method(endpoints), methods=list(endpoints))
        for path, endpoints in by_path.items()
    ]


def enter(connection: HTTPConnection, gate: Gate, permission: Permission) -> Caller:
    """Say who opens a connection, if they may; for those that are no plain requests, too.

    Raises:
        RefusedError: they may not.

    """
    method = connection.scope.get("method", "GET")
    credentials = read_credentials(connection.scope["headers"], method)
    return gate.enter(credentials, permission, peer_of(connection))


def peer_of(connection: HTTPConnection) -> str | None:
    """Say where a connection comes from, if that has an address."""
    return connection.client.host if connection.client else None


def _by_method(endpoints: Mapping[str, _Endpoint]) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return endpoint


def _endpoint(way: Way, gate: Gate, refuse: Refuse) -> _Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            caller = enter(request, gate, way.permission) if way.permission else UNKNOWN
            return await way.handler(Call(request, caller))
        except Refusal as refusal:
            return refuse(refusal)
        except RefusedError as error:
            return refuse(refusal_of(error))
        except (ContentError, LimitError, SettingError, PolicyError, UnreadError) as error:
            # What the core says of what was handed in: a tool that is none, a key too short.
            return refuse(refusal_of_given(error))
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            # The last line: a fault of ours must not look like an answer, nor show the text.
            _log.exception("request failed")
            return refuse(FAULT)

    return endpoint
