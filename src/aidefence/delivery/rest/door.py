"""The ASGI application. Detection goes straight to its handler; the rest is routed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import UNSET

from aidefence.delivery.rest.answers import aggregate, answer
from aidefence.delivery.rest.problems import CONTENT_TYPE as PROBLEM_TYPE
from aidefence.delivery.rest.problems import Refusal, too_large
from aidefence.delivery.rest.requests import Asked, AskedBatch, Limits, parse_many, parse_one
from aidefence.delivery.rest.routes import make_routes
from aidefence.delivery.rest.wire import BatchResponse, DetectResponse, Metadata

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from aidefence.ports.clock import Clock
    from aidefence.ports.ids import Ids
    from aidefence.ports.meter import Meter
    from aidefence.service.inspect import Detection, Inspector

DETECT = "/api/v2/detect"
BATCH = "/api/v2/detect/batch"
DOOR = "rest"

_JSON_HEADERS = [(b"content-type", b"application/json")]
_PROBLEM_HEADERS = [(b"content-type", PROBLEM_TYPE.encode())]
# Up to here an inspection takes less time than a visit to another thread.
_INLINE_BODY_BYTES_MAX = 64 << 10

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger("aidefence.rest")
_Handler: TypeAlias = Callable[[bytes, bool, int], bytes]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the door is made of."""

    inspector: Inspector
    meter: Meter
    clock: Clock
    ids: Ids
    metadata: Metadata
    limits: Limits = field(default_factory=Limits)


class RestDoor:
    """Answers API v2 over ASGI."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._now_ns = parts.clock.monotonic_ns
        self._routes = make_routes(parts.inspector, parts.meter, (DETECT, BATCH))
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
            core_actions = self._read_headers(scope)
            message = await receive()
            body = message.get("body", b"")
            if message.get("more_body"):
                body = await self._read_rest(body, receive)
            self._check_length(len(body))
            payload = None
            if len(body) <= _INLINE_BODY_BYTES_MAX and handler is self._handlers[DETECT]:
                payload = self._detect_at_once(body, core_actions)
            if payload is None:
                start_ns = self._now_ns()
                payload = await asyncio.to_thread(handler, body, core_actions, start_ns)
        except Refusal as refusal:
            status, headers, payload = refusal.status, _PROBLEM_HEADERS, refusal.body()
            self._parts.meter.refuse(DOOR, status)
        except Exception:  # noqa: BLE001 -- what stands here was foreseen by nobody
            # The last line: a fault of ours must not look like an answer, nor show the text.
            _log.exception("request failed")
            status, headers, payload = 500, _PROBLEM_HEADERS, _FAULT.body()
            self._parts.meter.refuse(DOOR, status)
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

    async def _read_rest(self, body: bytes, receive: Receive) -> bytes:
        parts, length, more = [body], len(body), True
        while more:
            self._check_length(length)
            message = await receive()
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    def _check_length(self, length: int) -> None:
        limit = self._parts.limits.body_bytes_max
        if length > limit:
            raise too_large("", f"a body of {length} bytes is larger than {limit}")

    def _detect_at_once(self, body: bytes, core_actions: bool) -> bytes | None:  # noqa: FBT001
        """Answer without holding up the event loop; none where that cannot be."""
        start_ns = self._now_ns()
        asked = parse_one(body, self._parts.limits)
        detection = self._parts.inspector.at_once(asked.what, asked.conditions)
        if detection is None:
            return None
        elapsed_ns = self._now_ns() - start_ns
        return _encode(self._respond(asked, detection, elapsed_ns, core_actions=core_actions))

    def _detect(self, body: bytes, core_actions: bool, start_ns: int) -> bytes:  # noqa: FBT001
        asked = parse_one(body, self._parts.limits)
        detection = self._inspect(asked, start_ns)
        elapsed_ns = self._now_ns() - start_ns
        return _encode(self._respond(asked, detection, elapsed_ns, core_actions=core_actions))

    def _inspect(self, asked: Asked, since_ns: int) -> Detection:
        inspector, conditions = self._parts.inspector, asked.conditions
        if isinstance(asked.what, str):
            return inspector.inspect_text(asked.what, conditions, since_ns=since_ns)
        return inspector.inspect(asked.what, conditions, since_ns=since_ns)

    def _respond(
        self, asked: Asked, detection: Detection, elapsed_ns: int, *, core_actions: bool
    ) -> DetectResponse:
        return answer(
            detection,
            asked.name or self._parts.ids.request_id(),
            elapsed_ns,
            self._parts.metadata,
            explain=asked.explain,
            core_actions=core_actions or asked.core_actions,
        )

    def _detect_batch(self, body: bytes, core_actions: bool, start_ns: int) -> bytes:  # noqa: FBT001
        asked = parse_many(body, self._parts.limits)
        detections = self._inspect_all(asked, self._parts.inspector.batch_since(start_ns))
        elapsed_ns = self._now_ns() - start_ns
        results = tuple(
            self._respond(item, found, found.decision.elapsed_ns, core_actions=core_actions)
            for item, found in zip(asked.items, detections, strict=True)
        )
        response = BatchResponse(
            batch_id=self._parts.ids.batch_id(),
            total_requests=len(asked.items),
            processed_requests=len(results),
            results=results,
            aggregates=aggregate(detections, elapsed_ns) if asked.aggregate else UNSET,
        )
        return _encode(response)

    def _inspect_all(self, asked: AskedBatch, since_ns: int) -> list[Detection]:
        """Texts cross into the engine together, conversations one by one."""
        texts = [(at, it, it.what) for at, it in enumerate(asked.items) if isinstance(it.what, str)]
        inspected = self._parts.inspector.inspect_texts(
            [text for _, _, text in texts],
            [item.conditions for _, item, _ in texts],
            threads=asked.parallelism,
            since_ns=since_ns,
        )
        by_place = {at: found for (at, _, _), found in zip(texts, inspected, strict=True)}
        return [
            by_place[at] if at in by_place else self._inspect(item, since_ns)
            for at, item in enumerate(asked.items)
        ]


def _check_type(value: bytes) -> None:
    if not value.startswith(b"application/json"):
        raise Refusal(
            415,
            "unsupported-media-type",
            "The body is of a type we do not read",
            "expected `application/json`",
        )


_FAULT = Refusal(
    500, "internal", "We failed", "the request was not inspected: do not take it for passed"
)
