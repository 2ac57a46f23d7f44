"""Every route of every door, asked as nobody, as each role, and with a key for one thing only."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from tests.access.conftest import open_client

from aidefence.app import doors
from aidefence.app.keys import open_keys
from aidefence.app.running import Running
from aidefence.app.services import make_services
from aidefence.app.settings import Settings, Sources
from aidefence.delivery.rest.table import OPERATIONS, SOCKETS
from aidefence.domain.access import GRANTS, LOCAL, Permission, Role
from aidefence.service.keys import KeyWish

NOBODY = "nobody"
SCOPED = "scoped"
ONLY = Permission.READ_RULES
# Doors beside REST; what a route takes that is not named here is not known, and the test fails.
PROXY = ("/proxy/", "/v1/chat/", "/v1/responses", "/v1/messages", "/v1/models")
DETECTING = {
    *("/mcp", "/console/inspect"),
    *("/v2/guard", "/v2/guard/results", "/beta/litellm_basic_guardrail_api", "/v1/moderations"),
    *("/contentsafety/text:shieldPrompt", "/v1/guardrail/checks", "/v1/checks"),
    *("/analyze", "/anonymize", "/deanonymize", "/supportedentities", "/recognizers"),
    *("/anonymizers", "/deanonymizers"),
    *("/analyze/prompt", "/scan/prompt", "/analyze/output", "/scan/output"),
}
# Anybody may knock here: these ask field by field, or who signs in.
BY_FIELD = {"/graphql"}
PUBLIC = {
    *("/healthz", "/readyz", "/health", "/openapi.json", "/api/v2/session"),
    *("/", "/docs", "/console/{name}"),
}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    permission: Permission


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    given: dict[str, Any] = {name: {"enabled": True} for name in doors.DOORS}
    given["proxy"] = {"enabled": True, "upstreams": {"a": {"base_url": "http://127.0.0.1:9"}}}
    state: Path = tmp_path_factory.mktemp("roles")
    return Settings.model_validate({"state_dir": state, **given})


@pytest.fixture(scope="module")
def shown(settings: Settings) -> dict[str, dict[str, str]]:
    """Headers by who asks."""
    keys = open_keys(Sources(None, {"state_dir": settings.state_dir}, uses_environment=False))
    made = {role.value: keys.create(LOCAL, KeyWish(role.value, role)) for role in Role}
    made[SCOPED] = keys.create(LOCAL, KeyWish(SCOPED, Role.ADMIN, frozenset({ONLY})))
    told = {name: {"authorization": f"Bearer {it.text}"} for name, it in made.items()}
    return {NOBODY: {}, **told}


@pytest.fixture(scope="module")
def client(settings: Settings, shown: dict[str, dict[str, str]]) -> TestClient:  # noqa: ARG001
    return open_client(settings)


def _granted(name: str) -> frozenset[Permission]:
    if name == SCOPED:
        return frozenset({ONLY})
    return frozenset() if name == NOBODY else GRANTS[Role(name)]


def _of_rest() -> Iterator[Asked]:
    for operation in OPERATIONS:
        if operation.permission is None:
            assert operation.path in PUBLIC, operation.path
            continue
        yield Asked(operation.method, operation.path, operation.permission)


def _of_others(routes: list[BaseRoute]) -> Iterator[Asked]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _of_others(list(route.routes))
        if not isinstance(route, Route) or route.path in BY_FIELD | PUBLIC:
            continue
        if route.path.startswith(PROXY):
            permission = Permission.PROXY
        else:
            assert route.path in DETECTING, f"what does `{route.path}` take?"
            permission = Permission.DETECT
        for method in sorted((route.methods or {"POST"}) - {"HEAD"}):
            yield Asked(method, route.path, permission)


def _filled(path: str) -> str:
    for part in ("{name:path}", "{upstream}", "{id}", "{requestId}"):
        path = path.replace(part, "a")
    assert "{" not in path, path
    return path


def test_every_route_lets_in_who_may_and_nobody_else(
    client: TestClient, settings: Settings, shown: dict[str, dict[str, str]]
) -> None:
    routes = doors.open_doors(make_services(settings), settings, Running())
    asked = [*_of_rest(), *_of_others(routes)]
    assert len(asked) > 30
    wrong: list[str] = []
    for one in asked:
        for name, headers in shown.items():
            answer = client.request(one.method, _filled(one.path), headers=headers)
            allowed = one.permission in _granted(name)
            shut = answer.status_code == (401 if name == NOBODY else 403)
            # Where a thing is named there is none; everywhere else the route must be there.
            closed = {401, 403, 405, 500} | (set() if "{" in one.path else {404})
            if (answer.status_code in closed) if allowed else not shut:
                wrong.append(f"{one.method} {one.path} as {name}: {answer.status_code}")
    assert wrong == []


def test_every_websocket_lets_in_who_may_and_nobody_else(
    client: TestClient, settings: Settings, shown: dict[str, dict[str, str]]
) -> None:
    paths = {it.path for it in SOCKETS}
    others = doors.open_doors(make_services(settings), settings, Running())
    assert {it.path for it in others if isinstance(it, WebSocketRoute)} <= BY_FIELD
    assert paths
    for way in SOCKETS:
        for name, headers in shown.items():
            if way.permission in _granted(name):
                opened = False
                # The client takes away the loop under a conversation that goes on.
                with (
                    suppress(CancelledError),
                    client.websocket_connect(way.path, headers={**headers}),
                ):
                    opened = True
                assert opened
                continue
            with (
                pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)) as refused,
                client.websocket_connect(way.path, headers={**headers}),
            ):
                pass
            if isinstance(refused.value, WebSocketDenialResponse):
                assert refused.value.status_code == (401 if name == NOBODY else 403)


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("{ rules(limit: 1) { rules { id } } }", Permission.READ_RULES),
        ('mutation { detect(request: {content: "x"}) { requestId } }', Permission.DETECT),
    ],
)
def test_fields_of_graphql_tell_nothing_to_who_may_not(
    client: TestClient, shown: dict[str, dict[str, str]], query: str, permission: Permission
) -> None:
    for name, headers in shown.items():
        answer = client.post("/graphql", json={"query": query}, headers=headers)
        if permission in _granted(name):
            assert "errors" not in answer.json(), answer.text
        else:
            assert not any((answer.json().get("data") or {}).values())
            assert answer.json()["errors"]
