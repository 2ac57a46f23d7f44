"""Health, readiness, metrics and the OpenAPI document."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from aidefence import Guard
from aidefence.app.gateway import open_gateway
from aidefence.app.settings import Settings
from aidefence.delivery.http.operations import House, bind
from aidefence.delivery.rest.openapi import make_openapi
from aidefence.delivery.rest.table import OPERATIONS

Ask = Callable[..., httpx.Response]


def test_the_committed_document_is_the_generated_one(root: Path) -> None:
    committed = json.loads((root / "api/openapi.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(make_openapi())), (
        "run `make docs` and commit api/openapi.json"
    )


def test_the_served_document_is_the_generated_one(ask: Ask) -> None:
    assert ask("GET", "/openapi.json").json() == json.loads(json.dumps(make_openapi()))


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = make_openapi()
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
def test_head_is_get_without_a_body(ask: Ask, path: str) -> None:
    head, get = ask("HEAD", path), ask("GET", path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_health(ask: Ask) -> None:
    assert ask("GET", "/healthz").json() == {"status": "ok"}


def test_ready_means_that_a_text_was_inspected(ask: Ask, guard: Guard) -> None:
    assert ask("GET", "/readyz").json() == {
        "status": "ready",
        "policyVersion": guard.policy_version,
        "degraded": [{"check": it.check, "reason": it.reason} for it in guard.degraded],
    }


def test_metrics_count_requests_and_not_probes(ask: Ask) -> None:
    ask("GET", "/readyz")
    ask("POST", "/api/v2/detect", json={"content": "hello"})
    requests = [{"content": "a"}, {"content": [{"role": "user", "content": "b"}]}]
    ask("POST", "/api/v2/detect/batch", json={"requests": requests})
    counts = ask("GET", "/metrics").text
    assert 'aidefence_requests_total{action="allow",door="rest"} 3.0' in counts
    assert 'aidefence_inspect_seconds_count{door="rest"} 3.0' in counts
    assert 'le="1e-05"' in counts


def test_the_document_tells_of_every_route_that_is_served(settings: Settings) -> None:
    document = make_openapi()
    told = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    house = House(open_gateway(settings).services)
    ways = {(way.method, way.path) for way in bind(OPERATIONS, house)}
    hot = {(it.method, it.path) for it in OPERATIONS if it.handle is None}
    assert told == {(it.method, it.path) for it in OPERATIONS}
    assert ways | hot <= told


def test_operations_have_names_of_their_own() -> None:
    names = [it.name for it in OPERATIONS]
    assert len(names) == len(set(names))


def test_what_takes_no_permission_is_meant_to() -> None:
    public = {it.path for it in OPERATIONS if it.permission is None}
    assert public == {"/api/v2/session", "/healthz", "/readyz", "/openapi.json", "/health"}
