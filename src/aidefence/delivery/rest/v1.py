"""The first version of the API, as deployed clients know it, over the same desk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.problems import invalid, too_large
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.answers import milliseconds
from aidefence.delivery.rest.detecting import DOOR
from aidefence.delivery.rest.health import Health
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.domain.asking import UNCONDITIONAL, Context, Detection, Request
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Action
from aidefence.domain.windows import Window
from aidefence.ingest.messages import CONTENTS_MAX
from aidefence.service.telling import BENIGN, DIGITS, core_action

_DEPTH_MAX = 64
_FORBIDDEN = 403
Words = Annotated[str, Meta(max_length=4096)]


class Source(Struct, rename="camel", forbid_unknown_fields=True):
    """From where the request came that is to be defended against. Nothing of it is inspected."""

    ip: Words | None = None
    user_agent: Words | None = None
    headers: dict[str, Any] | None = None


class Deed(Struct, rename="camel", forbid_unknown_fields=True):
    """What that request wants; its payload is inspected."""

    type: Words
    resource: Words
    method: Words
    payload: Any = None


class DefendRequest(Struct, rename="camel", forbid_unknown_fields=True):
    """One request; payload and context are what is inspected."""

    action: Deed
    source: Source
    id: Annotated[str, Meta(max_length=256)] | None = None
    timestamp: float | str | None = None
    context: Any = None


class DefendBatch(Struct, rename="camel", forbid_unknown_fields=True):
    """Up to a hundred requests."""

    requests: Annotated[list[DefendRequest], Meta(min_length=1, max_length=100)]


class DefendMetadata(Struct, frozen=True, rename="camel"):
    """What the second version says about it; `requestId` is the name under which it is kept."""

    request_id: str
    action: str
    category: str
    findings: tuple[str, ...]
    policy_version: str
    degraded: tuple[str, ...]


class DefendResponse(Struct, frozen=True, rename="camel"):
    """Whether the request may pass. `latency` is in milliseconds."""

    request_id: str
    allowed: bool
    confidence: float
    threat_level: Literal["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
    latency: float
    metadata: DefendMetadata


class DefendResults(Struct, frozen=True):
    """The answers, in the order of the requests."""

    results: tuple[DefendResponse, ...]


class Stats(Struct, frozen=True, rename="camel"):
    """The last day, summed up; latencies are in milliseconds, none where nothing was decided."""

    total_requests: int
    blocked_requests: int
    allowed_requests: int
    requests_per_second: float
    latency_p50: float | None
    latency_p99: float | None


_decode_one = msgspec.json.Decoder(DefendRequest).decode
_decode_many = msgspec.json.Decoder(DefendBatch).decode


async def _defend(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_one)
    request = _request(house, call, given, "")
    found = await house.services.desk.aask(request)
    told = _told(house, given, request, found)
    return say(told, 200 if told.allowed else _FORBIDDEN, found.allowance)


async def _defend_many(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_many)
    return await asyncio.to_thread(_defend_all, house, call, given.requests)


def _defend_all(house: House, call: Call, given: list[DefendRequest]) -> Response:
    requests = [_request(house, call, it, f"/requests/{at}") for at, it in enumerate(given)]
    found = house.services.desk.ask_all(requests)
    told = tuple(_told(house, *each) for each in zip(given, requests, found, strict=True))
    return say(DefendResults(told), allowance=found[0].allowance)


async def _stats(house: House, call: Call) -> Response:
    episodes = there(house.services.episodes)
    day = await asyncio.to_thread(episodes.window, Window.DAY, call.caller)
    blocked = day.actions.get(Action.BLOCK, 0)
    return say(
        Stats(
            total_requests=day.decisions,
            blocked_requests=blocked,
            allowed_requests=day.decisions - blocked,
            requests_per_second=day.throughput.current,
            latency_p50=day.latency.p50,
            latency_p99=day.latency.p99,
        )
    )


async def _health(house: House, call: Call) -> Response:  # noqa: ARG001 -- nothing is looked at
    return say(Health("ok"))


def _request(house: House, call: Call, given: DefendRequest, pointer: str) -> Request:
    payload, context = given.action.payload, given.context
    texts = [*_texts(payload, f"{pointer}/action/payload"), *_texts(context, f"{pointer}/context")]
    _check_size(texts, house, pointer)
    contents = tuple(Content(text) for text in texts)
    client = call.request.client
    return Request(
        contents[0].text if len(contents) == 1 else Inspection(contents),
        house.services.ids.request_id(),
        DOOR,
        call.caller,
        client.host if client else None,
        UNCONDITIONAL,
        Context(address=given.source.ip, agent=given.source.user_agent),
        since_ns=house.services.clock.monotonic_ns(),
    )


def _check_size(texts: list[str], house: House, pointer: str) -> None:
    if len(texts) > CONTENTS_MAX:
        raise too_large(pointer, f"{len(texts)} texts are more than {CONTENTS_MAX}")
    length, most = sum(map(len, texts)), house.limits.content_code_points_max
    if length > most:
        raise too_large(pointer, f"{length} code points are more than {most}")


def _texts(value: object, pointer: str, depth: int = 0) -> Iterator[str]:
    """Give every string of a value, and the names of its fields: all may reach a model."""
    if depth > _DEPTH_MAX:
        raise invalid(pointer, f"it is nested deeper than {_DEPTH_MAX}")
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, pointer, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item, pointer, depth + 1)


def _told(house: House, given: DefendRequest, request: Request, found: Detection) -> DefendResponse:
    decision = found.decision
    action = core_action(found.action)
    elapsed_ns = house.services.clock.monotonic_ns() - request.since_ns
    return DefendResponse(
        request_id=given.id or request.id,
        allowed=action is not Action.BLOCK or not found.enforced,
        confidence=round(decision.confidence, DIGITS),
        threat_level=decision.severity.value.upper() if found.detected else "NONE",  # type: ignore[arg-type]
        latency=milliseconds(elapsed_ns),
        metadata=DefendMetadata(
            request_id=request.id,
            action=found.action.value,
            category=found.category.value if found.category else BENIGN,
            findings=tuple(dict.fromkeys(it.rule_id for it in decision.findings)),
            policy_version=decision.policy_version,
            degraded=tuple(it.check for it in found.degraded),
        ),
    )


OPERATIONS = (
    Operation(
        name="defend",
        method="POST",
        path="/api/v1/defend",
        summary="Say whether a request may pass; 403 where it may not",
        permission=Permission.DETECT,
        handle=_defend,
        tag="v1",
        request=DefendRequest,
        response=DefendResponse,
        also={_FORBIDDEN: DefendResponse},
    ),
    Operation(
        name="defendBatch",
        method="POST",
        path="/api/v1/defend/batch",
        summary="Say whether requests may pass",
        permission=Permission.DETECT,
        handle=_defend_many,
        tag="v1",
        request=DefendBatch,
        response=DefendResults,
    ),
    Operation(
        name="stats",
        method="GET",
        path="/api/v1/stats",
        summary="Sum up the last day",
        permission=Permission.READ_METRICS,
        handle=_stats,
        tag="v1",
        response=Stats,
        needs="episodes",
    ),
    Operation(
        name="health",
        method="GET",
        path="/health",
        summary="Tell that the process lives",
        permission=None,
        handle=_health,
        tag="v1",
        response=Health,
    ),
)
