"""The ASGI application. Detection goes straight to its handler; the rest is routed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.credentials import read_credentials
from aidefence.delivery.http.problems import CONTENT_TYPE as PROBLEM_TYPE
from aidefence.delivery.http.problems import (
    FAULT,
    Refusal,
    allowance_headers,
    refusal_of,
    too_large,
)
from aidefence.delivery.rest.answers import aggregate, answer
from aidefence.delivery.rest.requests import Asked, parse_many, parse_one
from aidefence.delivery.rest.routes import make_rest_routes
from aidefence.delivery.rest.wire import BatchResponse, DetectResponse, Metadata
from aidefence.domain.access import Caller, Permission
from aidefence.domain.asking import Detection, Request
from aidefence.domain.refusals import Allowance, RefusedError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from aidefence.service.services import Services

DETECT = "/api/v2/detect"
BATCH = "/api/v2/detect/batch"
DOOR = "rest"

_JSON_HEADERS = [(b"content-type", b"application/json")]
_PROBLEM_HEADERS = [(b"content-type", PROBLEM_TYPE.encode())]
# Up to here an inspection takes less time than a visit to another thread.
_INLINE_BODY_BYTES_MAX = 64 << 10

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("aidefence.rest")
_Payload: TypeAlias = tuple[bytes, Allowance | None]


@dataclass(frozen=True, slots=True)
class _Came:
    """Who sent a body, from where, for which set of actions, and when."""

    caller: Caller
    peer: str | None
    core_actions: bool
    at_ns: int


_Handler: TypeAlias = Callable[[bytes, _Came], Awaitable[_Payload]]


class RestDoor:
    """Answers API v2 over ASGI."""

    def __init__(self, services: Services, limits: Limits | None = None) -> None:
        self._services = services
        self._limits = limits or Limits()
        self._metadata = Metadata(
            detector_versions=services.versions,
            policy_version=services.desk.standing.inspector.policy_version,
            edge_node=services.node,
        )
        self._now_ns = services.clock.monotonic_ns
        self._routes = make_rest_routes(services, (DETECT, BATCH))
        self._handlers: dict[str, _Handler] = {DETECT: self._detect, BATCH: self._detect_batch}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        if scope["type"] == "http" and scope["method"] == "POST":
            # A dictionary look-up instead of a router: this is the hot path.
            handler = self._handlers.get(scope["path"])
            if handler is not None:
                await self._answer(handler, scope, receive, send)
                return
        await self._routes(scope, receive, send)

    async def _answer(self, handler: _Handler, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers = 200, _JSON_HEADERS
        try:
            credentials = read_credentials(scope["headers"], "POST")
            caller = self._services.gate.enter(credentials, Permission.DETECT)
            core_actions = self._read_headers(scope)
            body = await self._read_body(receive)
            client = scope.get("client")
            came = _Came(caller, client[0] if client else None, core_actions, self._now_ns())
            payload, allowance = await handler(body, came)
            if allowance is not None:
                headers = [*headers, *_encoded(allowance_headers(allowance))]
        except (Refusal, RefusedError) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            status, payload = refusal.status, refusal.body()
            headers = [*_PROBLEM_HEADERS, *_encoded(refusal.headers.items())]
            self._services.meter.refuse(DOOR, status)
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            # The last line: a fault of ours must not look like an answer, nor show the text.
            _log.exception("request failed")
            status, headers, payload = 500, _PROBLEM_HEADERS, FAULT.body()
            self._services.meter.refuse(DOOR, status)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    def _read_headers(self, scope: Scope) -> bool:
        """Check type and length; tell whether the client wants only the core actions."""
        core_actions = False
        for name, value in scope["headers"]:
            if name == b"content-length":
                self._check_length(int(value) if value.isdigit() else 0)
            elif name == b"content-type":
                _check_type(value)
            elif name == b"accept-profile":
                core_actions = value.strip() == b"v2-core"
        return core_actions

    async def _read_body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        parts, length = [body], len(body)
        while message.get("more_body"):
            self._check_length(length)
            message = await receive()
            parts.append(message.get("body", b""))
            length += len(parts[-1])
        self._check_length(length)
        return body if len(parts) == 1 else b"".join(parts)

    def _check_length(self, length: int) -> None:
        limit = self._limits.body_bytes_max
        if length > limit:
            raise too_large("", f"a body of {length} bytes is larger than {limit}")

    async def _detect(self, body: bytes, came: _Came) -> _Payload:
        if len(body) > _INLINE_BODY_BYTES_MAX:
            return await asyncio.to_thread(self._detect_aside, body, came)
        asked = parse_one(body, self._limits)
        request = self._request(asked, came)
        detection = await self._services.desk.aask(request)
        return self._write(asked, request, detection, came)

    def _detect_aside(self, body: bytes, came: _Came) -> _Payload:
        asked = parse_one(body, self._limits)
        request = self._request(asked, came)
        return self._write(asked, request, self._services.desk.ask(request), came)

    def _write(self, asked: Asked, request: Request, detection: Detection, came: _Came) -> _Payload:
        elapsed_ns = self._now_ns() - came.at_ns
        response = self._respond(asked, request, detection, elapsed_ns, came)
        return _encode(response), detection.allowance

    def _request(self, asked: Asked, came: _Came) -> Request:
        return Request(
            asked.what,
            self._services.ids.request_id(),
            DOOR,
            came.caller,
            came.peer,
            asked.conditions,
            asked.context,
            asked.priority,
            came.at_ns,
        )

    def _respond(
        self, asked: Asked, request: Request, detection: Detection, elapsed_ns: int, came: _Came
    ) -> DetectResponse:
        return answer(
            detection,
            asked.name or request.id,
            elapsed_ns,
            self._metadata,
            explain=asked.explain,
            core_actions=came.core_actions or asked.core_actions,
        )

    async def _detect_batch(self, body: bytes, came: _Came) -> _Payload:
        return await asyncio.to_thread(self._detect_many, body, came)

    def _detect_many(self, body: bytes, came: _Came) -> _Payload:
        asked = parse_many(body, self._limits)
        requests = [self._request(item, came) for item in asked.items]
        detections = self._services.desk.ask_all(
            requests, threads=asked.parallelism, since_ns=came.at_ns
        )
        elapsed_ns = self._now_ns() - came.at_ns
        results = tuple(
            self._respond(item, request, found, found.decision.elapsed_ns, came)
            for item, request, found in zip(asked.items, requests, detections, strict=True)
        )
        response = BatchResponse(
            batch_id=self._services.ids.batch_id(),
            total_requests=len(asked.items),
            processed_requests=len(results),
            results=results,
            aggregates=aggregate(detections, elapsed_ns) if asked.aggregate else UNSET,
        )
        return _encode(response), detections[0].allowance


def _check_type(value: bytes) -> None:
    if not value.startswith(b"application/json"):
        raise Refusal(
            415,
            "unsupported-media-type",
            "The body is of a type we do not read",
            "expected `application/json`",
        )


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
