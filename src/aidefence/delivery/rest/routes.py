"""Everything that is not detection: health, readiness, metrics, the OpenAPI document, refusals."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aidefence.delivery.http.front import refuse_unrouted
from aidefence.delivery.rest.openapi import make_openapi
from aidefence.domain.asking import UNCONDITIONAL

if TYPE_CHECKING:
    from aidefence.service.services import Services

_METHOD_NOT_ALLOWED = 405


def make_rest_routes(services: Services, post_only: tuple[str, ...]) -> Starlette:
    """Build the router for all that is not on the hot path."""
    desk, meter = services.desk, services.meter

    async def healthz(_: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(_: Request) -> Response:
        # The whole corridor, not a flag: ready means that a text would be inspected now.
        inspector = desk.standing.inspector
        detection = inspector.inspect("are you ready?", UNCONDITIONAL)
        missed = dict.fromkeys((*detection.degraded, *inspector.standing))
        return _json(
            {
                "status": "ready",
                "policyVersion": inspector.policy_version,
                "degraded": [{"check": it.check, "reason": it.reason} for it in missed],
            }
        )

    async def metrics(_: Request) -> Response:
        content_type, document = meter.render()
        return Response(document, headers={"content-type": content_type})

    async def openapi(_: Request) -> Response:
        return Response(_openapi(), media_type="application/json")

    async def refuse_method(_: Request) -> Response:
        raise HTTPException(_METHOD_NOT_ALLOWED, headers={"allow": "POST, OPTIONS"})

    methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/openapi.json", openapi),
            *(Route(path, refuse_method, methods=methods) for path in post_only),
        ],
        exception_handlers={HTTPException: refuse_unrouted},
    )


def _json(document: dict[str, object]) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


@cache
def _openapi() -> bytes:
    return msgspec.json.encode(make_openapi())
