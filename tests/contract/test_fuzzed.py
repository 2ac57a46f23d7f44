"""Every route of the document, as every role and as nobody, with what it allows and what not.

Whatever comes in, the answer is none of ours that failed, and one that the document tells of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.rest.door import RestDoor
from aidefence.delivery.rest.openapi import make_openapi
from aidefence.delivery.rest.table import OPERATIONS
from aidefence.domain.access import GRANTS, Caller, Credentials, Role
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.service.gate import Gate

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("AIDEFENCE_FUZZ_EXAMPLES", "4"))
NOBODY = "nobody"
WHO = (*(role.value for role in Role), NOBODY)


def _identify(credentials: Credentials) -> Caller:
    if credentials.key not in set(Role):
        raise UnauthenticatedError("nobody knows this key")
    role = Role(credentials.key)
    return Caller(role.value, role, GRANTS[role])


def _make_door(folder: Path) -> RestDoor:
    chosen = Settings.model_validate({"state_dir": folder, "deep": "off", "dense": "off"})
    services = replace(make_services(chosen), gate=Gate(_identify))
    return RestDoor(services, Limits(body_bytes_max=1 << 20, batch_requests_max=50))


class _Wire:
    """One event loop and one client for all requests: making them anew takes longer than asking."""

    def __init__(self, portal: BlockingPortal, door: RestDoor) -> None:
        self._portal = portal
        transport = httpx.ASGITransport(door, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://gate")

    def send(self, request: requests.PreparedRequest) -> httpx.Response:
        body = request.body
        assert body is None or isinstance(body, str | bytes)
        ask = partial(
            self._client.request,
            request.method or "GET",
            request.url or "",
            content=body,
            # Bytes: a header may hold any of Latin-1.
            headers=[(name.encode(), _encoded(value)) for name, value in request.headers.items()],
        )
        return self._portal.call(ask)


def _encoded(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Wire]:
    door = _make_door(tmp_path_factory.mktemp("state"))
    with start_blocking_portal("asyncio") as portal:
        yield _Wire(portal, door)


@schemathesis.serializer("application/x-ndjson")
def _lines(ctx: object, value: object) -> bytes:  # noqa: ARG001 -- the hook's signature
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


schema = schemathesis.openapi.from_dict(make_openapi())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: Case[Any], wire: _Wire) -> None:
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://gate")).prepare()
    for who in WHO:
        prepared.headers["x-api-key"] = who
        case.validate_response(wire.send(prepared), checks=CHECKS)


_DEEP = 100_000
HOSTILE = {
    "nothing": b"",
    "half": b'{"content": "x"',
    "two": b"{} {}",
    "no UTF-8": b'{"content": "\xff\xfe"}',
    "half a pair": b'{"content": "\\ud800"}',
    "NaN": b'{"content": "x", "options": {"threshold": NaN}}',
    "too large a number": b'{"content": "x", "options": {"threshold": 1e999}}',
    "twice the same": b'{"content": "x", "content": 7}',
    "zero bytes": b"\0" * 1000,
    "deep lists": b'{"content": ' + b"[" * _DEEP + b"]" * _DEEP + b"}",
    "deep objects": b'{"content": ' + b'{"text":' * _DEEP + b"1" + b"}" * _DEEP + b"}",
    "a mark first": b"\xef\xbb\xbf{}",
    "a long name": b'{"' + b"x" * 100_000 + b'": 1}',
    "a long number": b'{"content": ' + b"9" * 100_000 + b"}",
    "too much": b'{"content": "' + b"x" * (2 << 20) + b'"}',
    "a list": b"[1, 2]",
    "null": b"null",
}
POSTS = sorted({it.path for it in OPERATIONS if it.method == "POST" and it.request is not None})


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_are_refused_with_a_problem(wire: _Wire, path: str, name: str) -> None:
    url = f"http://gate{path.replace('{id}', 'x')}"
    headers = {"x-api-key": "admin", "content-type": "application/json"}
    request = requests.Request("POST", url, data=HOSTILE[name], headers=headers)
    answer = wire.send(request.prepare())
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "errors"}
    assert len(answer.content) < 2000


def test_what_a_role_may_not_is_refused_before_anything_is_read(wire: _Wire) -> None:
    for operation in OPERATIONS:
        url = f"http://gate{operation.path.replace('{id}', 'x')}"
        for who in WHO:
            request = requests.Request(operation.method, url, headers={"x-api-key": who})
            status = wire.send(request.prepare()).status_code
            if operation.permission is None:
                assert status in {200, 401, 415}, (operation.name, who)
            elif who == NOBODY:
                assert status == 401, (operation.name, who)
            else:
                may = operation.permission in GRANTS[Role(who)]
                assert (status != 403) is may, (operation.name, who)
