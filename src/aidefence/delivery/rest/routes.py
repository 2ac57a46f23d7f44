"""Everything that is not detection: health, readiness, metrics, the OpenAPI document, refusals."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aidefence.delivery.http.problems import CONTENT_TYPE as PROBLEM_TYPE
from aidefence.delivery.http.problems import Refusal
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
        exception_handlers={HTTPException: _refuse},
    )


async def _refuse(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(getattr(error, "headers", None) or {})
    if status == _METHOD_NOT_ALLOWED and request.method == "OPTIONS":
        return Response(status_code=204, headers=_with_options(headers))
    phrase = HTTPStatus(status).phrase
    kind = phrase.lower().replace(" ", "-")
    refusal = Refusal(status, kind, phrase, f"{request.method} {request.url.path}")
    return Response(refusal.body(), status, headers, PROBLEM_TYPE)


def _with_options(headers: dict[str, str]) -> dict[str, str]:
    allowed = headers.pop("Allow", headers.pop("allow", "")).split(", ")
    return {**headers, "allow": ", ".join(sorted({*allowed, "OPTIONS"} - {""}))}


def _json(document: dict[str, object]) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")


@cache
def _openapi() -> bytes:
    return msgspec.json.encode(make_openapi())
