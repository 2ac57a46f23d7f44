"""The router for all that is not on the hot path."""

from __future__ import annotations

from collections import defaultdict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aidefence.delivery.http.connections import Crowd
from aidefence.delivery.http.front import refuse_unrouted
from aidefence.delivery.http.operations import House, bind
from aidefence.delivery.http.ways import make_routes
from aidefence.delivery.rest.sockets import make_socket_routes
from aidefence.delivery.rest.table import OPERATIONS, SOCKETS

_METHOD_NOT_ALLOWED = 405


def make_router(house: House, crowd: Crowd) -> Starlette:
    """Route every operation that the door does not answer at once."""
    routes = make_routes(bind(OPERATIONS, house), house.services.gate)
    router = Starlette(
        routes=[*routes, *_answered_before(), *make_socket_routes(SOCKETS, house, crowd)],
        exception_handlers={HTTPException: refuse_unrouted},
    )
    # A path with a slash too many is another path: nobody is sent elsewhere with what they bring.
    router.router.redirect_slashes = False
    return router


def _answered_before() -> list[Route]:
    """Refuse other methods where the door itself answers one."""
    by_path: dict[str, list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        if operation.handle is None:
            by_path[operation.path].append(operation.method)

    def refuse(allowed: str) -> object:
        async def refuse_method(_: Request) -> Response:
            raise HTTPException(_METHOD_NOT_ALLOWED, headers={"allow": allowed})

        return refuse_method

    others = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [
        Route(path, refuse(", ".join((*methods, "OPTIONS"))), methods=others)  # type: ignore[arg-type]
        for path, methods in by_path.items()
    ]
