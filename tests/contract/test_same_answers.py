"""The same question at any door gets the same answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import grpc
import httpx
import pytest
from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette
from tests.contract.questions import QUESTIONS, Question, Told

from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.graphql.door import make_graphql_routes
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.server import GrpcOptions, GrpcServer
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.mcp.server import make_server
from aidefence.delivery.rest.door import RestDoor
from aidefence.domain.access import Credentials, Permission
from aidefence.domain.asking import Conditions
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.ingest.messages import read
from aidefence.service.services import Services
from mcp import Client

Door: TypeAlias = Callable[[Services, Sequence[Question]], list[Told | None]]
LIMITS = Limits()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder: Path = tmp_path_factory.mktemp("state")
    return make_services(Settings.model_validate({"state_dir": folder, "deep": "off"}))


@pytest.fixture(scope="module")
def expected(services: Services) -> list[Told]:
    """What the inspector itself says, which no door is between."""
    inspector = services.desk.standing.inspector
    return [Told.of(inspector.inspect(_read(it), Conditions(it.threshold))) for it in QUESTIONS]


def _read(question: Question) -> Inspection:
    direction = Direction(question.direction)
    usual = Origin.ASSISTANT if direction is Direction.OUTPUT else Origin.USER
    origin = Origin(question.origin) if question.origin else usual
    content = question.content
    text = content["text"] if isinstance(content, dict) and "text" in content else content
    return read(text, origin=origin, direction=direction)


def _post(services: Services, path: str, bodies: Sequence[object]) -> list[Any]:
    transport = httpx.ASGITransport(RestDoor(services, LIMITS))

    async def run() -> list[Any]:
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            answers = [await client.post(path, json=body) for body in bodies]
        return [it.raise_for_status().json() for it in answers]

    return anyio.run(run)


def ask_one_by_one(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """POST /api/v2/detect."""
    answers = _post(services, "/api/v2/detect", [it.body for it in questions])
    return [Told.of_rest(it) for it in answers]


def ask_in_a_batch(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """POST /api/v2/detect/batch."""
    body = {"requests": [{"id": it.name, **it.body} for it in questions]}
    return [
        Told.of_rest(it) for it in _post(services, "/api/v2/detect/batch", [body])[0]["results"]
    ]


def ask_in_lines(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """The same, as lines."""
    body = "\n".join(json.dumps(it.body) for it in questions)
    transport = httpx.ASGITransport(RestDoor(services, LIMITS))

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            headers = {"content-type": "application/x-ndjson"}
            return await client.post("/api/v2/detect/batch", content=body, headers=headers)

    return [Told.of_rest(json.loads(line)) for line in anyio.run(run).text.splitlines()]


def ask_over_a_socket(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """WebSocket /api/v2/detect/stream."""
    door = RestDoor(services, LIMITS)
    scope: dict[str, Any] = {"type": "websocket", "path": "/api/v2/detect/stream"}
    scope |= {"headers": [], "query_string": b"", "subprotocols": []}
    messages = [{"type": "detection_request", "id": it.name, "data": it.body} for it in questions]

    async def run() -> list[Any]:
        asked = iter([{"type": "websocket.connect"}, *map(_frame, messages)])
        told: list[Any] = []

        async def receive() -> dict[str, Any]:
            return next(asked, {"type": "websocket.disconnect", "code": 1000})

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                told.append(json.loads(message["text"]))

        await door(scope, receive, send)
        return told

    return [Told.of_rest(it["data"]) for it in anyio.run(run)]


def _frame(message: object) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": json.dumps(message)}


def ask_for_later(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """With `async`: taken in, worked off, asked after."""
    door = RestDoor(services, LIMITS)
    options = [{**it.body.get("options", {}), "async": True} for it in questions]
    bodies = [{**it.body, "options": given} for it, given in zip(questions, options, strict=True)]
    places = [it["jobId"] for it in _post(services, "/api/v2/detect", bodies)]
    assert services.jobs is not None
    while services.jobs.run_next(door.job_handlers):
        pass
    local = services.gate.enter(Credentials(), Permission.DETECT)
    results = [services.jobs.find(place, local).result for place in places]
    return [Told.of_rest(json.loads(it or b"")) for it in results]


_GRAPHQL = """
mutation Detect($request: DetectInput!) {
  detect(request: $request) {
    detected action policyVersion
    threat {
      confidence category severity
      findings { ruleId content span { start end } }
    }
  }
}
"""


def ask_graphql(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """The mutation `detect`."""
    transport = httpx.ASGITransport(Starlette(routes=make_graphql_routes(services, LIMITS)))

    async def run() -> list[Any]:
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            return [
                (await client.post("/graphql", json=_query(it))).json()["data"]["detect"]
                for it in questions
            ]

    return [_told_by_graphql(it) for it in anyio.run(run)]


def _query(question: Question) -> dict[str, Any]:
    request = dict(question.body)
    request["direction"] = question.direction.upper()
    if question.origin is not None:
        request["origin"] = question.origin.upper()
    return {"query": _GRAPHQL, "variables": {"request": request}}


def _told_by_graphql(told: dict[str, Any]) -> Told:
    threat = told["threat"]
    category = threat["category"]
    return Told.of_rest(
        {
            "action": told["action"].lower(),
            "metadata": {"policyVersion": told["policyVersion"]},
            "threat": {
                **threat,
                "detected": told["detected"],
                "category": "benign" if category is None else category.lower(),
                "severity": threat["severity"].lower(),
            },
        }
    )


def ask_grpc(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """Detection.Detect."""

    async def run() -> list[Any]:
        server = GrpcServer(services, LIMITS, GrpcOptions(port=0))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                ask = channel.unary_unary(
                    "/aidefence.v2.Detection/Detect",
                    request_serializer=pb.DetectRequest.SerializeToString,
                    response_deserializer=pb.DetectResponse.FromString,
                )
                return [await ask(_message(it)) for it in questions]
        finally:
            await server.stop(0)
            # gRPC hands late events of a closed loop to the next one that uses it.
            await asyncio.sleep(0.3)

    return [_told_by_grpc(it) for it in anyio.run(run)]


def _message(question: Question) -> pb.DetectRequest:
    message = pb.DetectRequest(json=json.dumps(question.content).encode())
    message.direction = getattr(pb, f"DIRECTION_{question.direction.upper()}")
    if question.origin is not None:
        message.origin = getattr(pb, f"ORIGIN_{question.origin.upper()}")
    if question.threshold is not None:
        message.options.threshold = question.threshold
    return message


def _told_by_grpc(told: Any) -> Told:
    threat = told.threat
    return Told(
        threat.detected,
        pb.Action.Name(told.action).removeprefix("ACTION_").lower(),
        None if threat.category == "benign" else threat.category,
        pb.Severity.Name(threat.severity).removeprefix("SEVERITY_").lower(),
        round(threat.confidence, 5),
        tuple((it.rule_id, it.content, it.span.start, it.span.end) for it in threat.findings),
        told.metadata.policy_version,
    )


def ask_mcp(services: Services, questions: Sequence[Question]) -> list[Told | None]:
    """The tool `detect`, which takes texts of users."""
    server: MCPServer[Any] = make_server(services, LIMITS, "0")

    async def run() -> list[Told | None]:
        async with Client(server) as client:
            told: list[Told | None] = []
            for it in questions:
                if not isinstance(it.content, str) or it.direction != "input" or it.origin:
                    told.append(None)
                    continue
                given = {"content": it.content, "options": it.body.get("options", {})}
                result = await client.call_tool("detect", given)
                assert not result.is_error, result.content
                assert result.structured_content is not None
                told.append(_told_by_mcp(result.structured_content))
            return told

    return anyio.run(run)


def _told_by_mcp(told: dict[str, Any]) -> Told:
    threat = told["threat"]
    # It takes one text: where in which of several is no question.
    findings = [{**it, "content": 0} for it in threat["findings"]]
    metadata = {"policyVersion": told["policyVersion"]}
    return Told.of_rest({**told, "metadata": metadata, "threat": {**threat, "findings": findings}})


DOORS: tuple[Door, ...] = (
    ask_one_by_one,
    ask_in_a_batch,
    ask_in_lines,
    ask_over_a_socket,
    ask_for_later,
    ask_graphql,
    ask_grpc,
    ask_mcp,
)


@pytest.mark.parametrize("ask", DOORS, ids=lambda it: it.__name__)
def test_every_door_says_what_the_inspector_says(
    services: Services, expected: list[Told], ask: Door
) -> None:
    told = ask(services, QUESTIONS)
    assert len(told) == len(expected)
    assert any(told)
    for question, said, right in zip(QUESTIONS, told, expected, strict=True):
        # A door that has no words for a question leaves it out.
        assert said in (None, right), question.name


def test_the_questions_are_worth_asking(expected: list[Told]) -> None:
    assert {it.detected for it in expected} == {True, False}
    assert len({it.action for it in expected}) > 1
    assert any(content for it in expected for _, content, _, _ in it.findings)
    by_name = dict(zip((it.name for it in QUESTIONS), expected, strict=True))
    assert by_name["attack"].findings == by_name["an object"].findings
