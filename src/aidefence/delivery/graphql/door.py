"""The door: operations over HTTP at one path."""

from __future__ import annotations

from typing import Any

import msgspec
from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute

from aidefence.delivery.graphql.asker import Asker
from aidefence.delivery.graphql.bounds import Bounds
from aidefence.delivery.graphql.errors import tell_refusal, unfit
from aidefence.delivery.graphql.operations import (
    Asked,
    AskedByUrl,
    decode_asked,
    decode_variables,
)
from aidefence.delivery.graphql.plans import Planner
from aidefence.delivery.graphql.schema import Operation, carry_out, core_schema
from aidefence.delivery.graphql.socket import Patience, make_endpoint
from aidefence.delivery.http.bodies import check_type, decode, read_body
from aidefence.delivery.http.connections import Crowd
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.operations import read_query
from aidefence.delivery.http.problems import Refusal, allowance_headers
from aidefence.delivery.http.ways import Call, Way, make_routes
from aidefence.service.services import Services

PATH = "/graphql"
_JSON = "application/json"
_GRAPHQL = "application/graphql-response+json"


_encode = msgspec.json.Encoder().encode


class GraphqlDoor:
    """Answers operations."""

    def __init__(self, services: Services, limits: Limits, bounds: Bounds | None = None) -> None:
        self.services = services
        self.limits = limits
        self.planner = Planner(core_schema(), bounds or Bounds())

    def ways(self) -> list[Way]:
        """List the routes. What an operation takes is asked field by field."""
        return [Way("POST", PATH, self._post, None), Way("GET", PATH, self._get, None)]

    def asker(self, connection: HTTPConnection, method: str) -> Asker:
        """Say who asks.

        Raises:
            UnauthenticatedError: nobody that we know: they learn nothing, not even the schema.

        """
        credentials = read_credentials(connection.scope["headers"], method)
        peer = connection.client.host if connection.client else None
        asker = Asker(self.services, self.limits, credentials, peer)
        asker.identify()
        return asker

    async def _post(self, call: Call) -> Response:
        asker = self.asker(call.request, "POST")
        # Pages of others cannot send this type without asking first.
        check_type(call.request.headers.get("content-type", "").encode("latin-1"))
        body = await read_body(call.request.receive, self.limits)
        return await self._answer(call, asker, decode(decode_asked, body))

    async def _get(self, call: Call) -> Response:
        asker = self.asker(call.request, "GET")
        given = read_query(call, AskedByUrl)
        variables = decode(decode_variables, given.variables.encode())
        asked = Asked(given.query, variables, given.operation_name)
        return await self._answer(call, asker, asked)

    async def _answer(self, call: Call, asker: Asker, asked: Asked) -> Response:
        variables = asked.variables or {}
        plan = self.planner.plan(asked.query, asked.operation_name, variables)
        if plan.kind is OperationType.SUBSCRIPTION:
            raise unfit("a subscription is followed over a WebSocket")
        if plan.kind is OperationType.MUTATION and call.request.method == "GET":
            raise Refusal(405, "method-not-allowed", "Not by GET", "a mutation is sent by POST")
        told = await carry_out(Operation(plan, variables, asker))
        # Nothing was begun: the variables did not fit.
        status = 400 if "errors" in told and told["data"] is None and _unbegun(told) else 200
        response = Response(_encode(told), status, media_type=_media(call.request))
        if asker.allowance is not None:
            response.headers.update(dict(allowance_headers(asker.allowance)))
        return response


def make_graphql_routes(
    services: Services,
    limits: Limits,
    bounds: Bounds | None = None,
    patience: Patience | None = None,
    crowd: Crowd | None = None,
) -> list[BaseRoute]:
    """Make the routes of this door."""
    door = GraphqlDoor(services, limits, bounds)
    endpoint = make_endpoint(door, crowd or Crowd(), patience or Patience())
    return [*make_routes(door.ways(), services.gate, refuse), WebSocketRoute(PATH, endpoint)]


def refuse(refusal: Refusal) -> Response:
    """Write a refusal of a whole operation."""
    body = _encode({"errors": [tell_refusal(refusal)]})
    headers = dict(refusal.headers)
    if refusal.status == 405:  # noqa: PLR2004 -- as HTTP has it
        headers["allow"] = "POST"
    return Response(body, refusal.status, headers, _JSON)


def _unbegun(told: dict[str, Any]) -> bool:
    return all("path" not in error for error in told["errors"])


def _media(connection: HTTPConnection) -> str:
    accepted = connection.headers.get("accept", "")
    return _GRAPHQL if _GRAPHQL in accepted else _JSON
