"""The OpenAPI document, made from the table that is served: what it says is what is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from aidefence.delivery.http.credentials import CSRF_HEADER, SESSION_COOKIE
from aidefence.delivery.http.operations import Operation, Shape
from aidefence.delivery.http.problems import Problem
from aidefence.delivery.rest.lines import NDJSON
from aidefence.delivery.rest.table import OPERATIONS
from aidefence.delivery.rest.wire import BatchItem, Metadata, RefusedItem

_REF = "#/components/schemas/{name}"
_PROBLEMS = {
    "400": "The body is not valid JSON.",
    "401": "Nobody knows who asks.",
    "403": "The caller may not do this, or it is switched off.",
    "404": "There is no such thing.",
    "408": "The body came too slowly.",
    "409": "The state does not allow this.",
    "413": "The request is over a limit.",
    "415": "The body is of a type that is not read.",
    "422": "A field is unknown, missing, mistyped, or asks for what this version does not do.",
    "429": "Too much in too short a time, or more than the plan allows.",
    "500": "We failed; the request was not inspected.",
    "503": "More is going on than can be served, or something that is needed does not answer.",
    "504": "The time for this request is over.",
}
_LIMITS = {
    "RateLimit": "What is left of the nearest limit.",
    "RateLimit-Policy": "The nearest limit.",
}
_SECURITY = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or a signed token."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"With `{CSRF_HEADER.decode()}` for whatever changes something.",
    },
}

_ALSO = {
    202: "Taken in: the answer is there later, under `location`.",
    403: "Inspected, and not to be let through.",
    503: "Not ready.",
}


def make_openapi(operations: Iterable[Operation] = OPERATIONS) -> dict[str, Any]:
    """Build the document."""
    told = tuple(operations)
    schemas = _schemas(told)
    # An answer to a batch holds a refusal in the place of a request that was wrong.
    results = schemas["BatchResponse"]["properties"]["results"]
    results["items"] = {"anyOf": [results["items"], {"$ref": _REF.format(name="RefusedItem")}]}
    paths: dict[str, dict[str, Any]] = {}
    for operation in told:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AI Defence",
            "version": "2.0.0",
            "description": "Inspects texts and conversations around a language model, and decides.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": _SECURITY,
        },
    }


def _schemas(operations: tuple[Operation, ...]) -> dict[str, Any]:
    types: dict[Any, None] = dict.fromkeys((Problem, Metadata, RefusedItem, BatchItem))
    for operation in operations:
        for shape in (operation.request, operation.response, *operation.also.values()):
            if shape is not None:
                types[shape] = None
    _, schemas = msgspec.json.schema_components(tuple(types), ref_template=_REF)
    return schemas


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
    }
    if operation.permission is not None:
        described["description"] = f"Takes the permission `{operation.permission}`."
        described["security"] = [{name: []} for name in _SECURITY]
    if operation.request is not None:
        described["requestBody"] = {"required": True, "content": _request(operation)}
    described["responses"] = dict(sorted(_responses(operation)))
    return described


def _request(operation: Operation) -> dict[str, Any]:
    content = {"application/json": {"schema": _refer(operation.request)}}
    if operation.lines:
        content[NDJSON.decode()] = {"schema": {"type": "string"}}
    return content


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            schema = {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[^/]+$"}
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": schema}
    if operation.query is not None:
        schema = msgspec.json.schema(operation.query)["$defs"][operation.query.__name__]
        for name, field in schema["properties"].items():
            yield {"name": name, "in": "query", "required": False, "schema": field}
    if operation.asks:
        yield {
            "name": "Accept-Profile",
            "in": "header",
            "required": False,
            "description": "`v2-core`: answer only with allow, flag and block.",
            "schema": {"type": "string", "enum": ["v2-core"]},
        }


def _responses(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    nothing = operation.status == HTTPStatus.NO_CONTENT
    content: dict[str, Any] = {} if nothing else {operation.media: {}}
    if operation.response is not None:
        content = {operation.media: {"schema": _refer(operation.response)}}
    if operation.lines:
        content[NDJSON.decode()] = {"schema": {"type": "string"}}
    usual: dict[str, Any] = {"description": f"{operation.summary}.", "content": content}
    if operation.permission is not None:
        usual["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in _LIMITS.items()
        }
    yield str(operation.status), usual
    for status, shape in operation.also.items():
        schema = {} if shape is None else {"schema": _refer(shape)}
        told = _problem(_ALSO[status])
        told["content"][operation.media] = schema
        yield str(status), told
    for refused in _refusals(operation):
        if int(refused) not in {operation.status, *operation.also}:
            yield refused, _problem(_PROBLEMS[refused])


def _refusals(operation: Operation) -> Iterator[str]:
    if operation.request is not None:
        yield from ("400", "408", "413", "415", "422")
    elif operation.query is not None:
        yield "422"
    if operation.permission is not None:
        yield from ("401", "403", "429")
    if "{" in operation.path:
        yield "404"
    yield from map(str, operation.refuses)
    if operation.method not in {"GET", "HEAD"}:
        yield "409"
    yield from ("500", "503", "504")


def _refer(shape: Shape) -> dict[str, Any]:
    return {"$ref": _REF.format(name=shape.__name__)} if shape else {}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
