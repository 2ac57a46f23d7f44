"""The OpenAPI document, made from the wire types: what it says is what is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from aidefence.delivery.http.problems import Problem
from aidefence.delivery.rest import wire

_REF = "#/components/schemas/{name}"
_PROBLEMS = {
    "400": "The body is not valid JSON.",
    "413": "The request is over a limit.",
    "415": "The body is not `application/json`.",
    "422": "A field is unknown, missing, mistyped, or asks for what this version does not do.",
    "500": "We failed; the request was not inspected.",
}


def make_openapi() -> dict[str, Any]:
    """Build the document."""
    types = (wire.DetectRequest, wire.DetectResponse, wire.BatchRequest, wire.BatchResponse)
    _, schemas = msgspec.json.schema_components((*types, Problem), ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AI Defence",
            "version": "2.0.0",
            "description": "Inspects texts and conversations around a language model, and decides.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v2/detect": _post(
                "detect", "Inspect one content", "DetectRequest", "DetectResponse"
            ),
            "/api/v2/detect/batch": _post(
                "detectBatch", "Inspect many contents", "BatchRequest", "BatchResponse"
            ),
            "/healthz": _get("healthz", "Tell that the process lives", "application/json"),
            "/readyz": _get("readyz", "Tell that texts are inspected now", "application/json"),
            "/metrics": _get("metrics", "Counts in the Prometheus format", "text/plain"),
            "/openapi.json": _get("openapi", "This document", "application/json"),
        },
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _post(name: str, summary: str, request: str, response: str) -> dict[str, Any]:
    profile = {
        "name": "Accept-Profile",
        "in": "header",
        "required": False,
        "description": "`v2-core`: answer only with allow, flag and block.",
        "schema": {"type": "string", "enum": ["v2-core"]},
    }
    operation = {
        "operationId": name,
        "summary": summary,
        "parameters": [profile],
        "requestBody": {"required": True, "content": _content(request)},
        "responses": {
            "200": {"description": "The verdict and the decision.", "content": _content(response)},
            **{status: _problem(text) for status, text in _PROBLEMS.items()},
        },
    }
    return {"post": operation}


def _get(name: str, summary: str, media_type: str) -> dict[str, Any]:
    answer = {"description": summary + ".", "content": {media_type: {}}}
    return {"get": {"operationId": name, "summary": summary, "responses": {"200": answer}}}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(name=schema)}}}


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
