"""The ASGI application. Detection goes straight to its handler; the rest is routed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from aidefence.delivery.http.bodies import JSON, check_length, check_type, read_body
from aidefence.delivery.http.connections import Crowd
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.credentials import TELLING, credentials_in
from aidefence.delivery.http.deadlines import DEADLINE, read_deadline
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.problems import CONTENT_TYPE as PROBLEM_TYPE
from aidefence.delivery.http.problems import FAULT, Refusal, allowance_headers, refusal_of
from aidefence.delivery.http.request_ids import HEADER, fit, naming
from aidefence.delivery.rest.came import Came
from aidefence.delivery.rest.detecting import DOOR, Detecting, Payload
from aidefence.delivery.rest.jobs import handlers
from aidefence.delivery.rest.lines import NDJSON, answer_lines
from aidefence.delivery.rest.routes import make_router
from aidefence.delivery.rest.table import BATCH, DETECT
from aidefence.domain.access import Permission
from aidefence.domain.job import JobKind
from aidefence.domain.refusals import RefusedError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from aidefence.service.jobs import Handler
    from aidefence.service.services import Services

__all__ = ["DOOR", "RestDoor"]

_JSON_HEADERS = [(b"content-type", JSON)]
_PROBLEM_HEADERS = [(b"content-type", PROBLEM_TYPE.encode())]

_DIGITS_MAX = 19
_LENGTH, _TYPE, _PROFILE = b"content-length", b"content-type", b"accept-profile"
_READ = TELLING | {_LENGTH, _TYPE, _PROFILE, DEADLINE, HEADER}
_CORE = b"v2-core"

_log = logging.getLogger("aidefence.rest")
_Handler: TypeAlias = Callable[[bytes, Came], Awaitable[Payload]]


class RestDoor:
    """Answers API v2 over ASGI."""

    def __init__(
        self, services: Services, limits: Limits | None = None, crowd: Crowd | None = None
    ) -> None:
        self._services = services
        self._limits = limits or Limits()
        house = House(services, self._limits)
        self._now_ns = services.clock.monotonic_ns
        self._detecting = Detecting(house)
        self._router = naming(make_router(house, crowd or Crowd()), services.ids.request_id)
        self._handlers: dict[str, _Handler] = {
            DETECT: self._detecting.one,
            BATCH: self._detecting.many,
        }

    @property
    def job_handlers(self) -> Mapping[JobKind, Handler]:
        """Who does the jobs that this door takes in."""
        return handlers(self._detecting.work_off)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        if scope["type"] == "http" and scope["method"] == "POST":
            # A dictionary look-up instead of a router: this is the hot path.
            handler = self._handlers.get(scope["path"])
            if handler is not None:
                await self._answer(handler, scope, receive, send)
                return
        await self._router(scope, receive, send)

    async def _answer(self, handler: _Handler, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers = 200, _JSON_HEADERS
        request_id = self._services.ids.request_id()
        # Once for all that is asked of headers: this is the hot path.
        said = {name: value for name, value in scope["headers"] if name in _READ}
        name = (HEADER in said and fit(said[HEADER])) or request_id.encode()
        try:
            client = scope.get("client")
            address = client[0] if client else None
            credentials = credentials_in(said, "POST")
            caller = self._services.gate.enter(credentials, Permission.DETECT, address)
            came = Came(request_id, caller, address)
            came.core_actions = said.get(_PROFILE, b"").strip() == _CORE
            if DEADLINE in said:
                came.deadline_ns = self._now_ns() + read_deadline(said[DEADLINE])
            media = said.get(_TYPE, JSON)
            if scope["path"] == BATCH and _is_lines(media):
                await answer_lines(self._detecting, self._limits, came, receive, send, name)
                return
            check_type(media)
            check_length(_number(said.get(_LENGTH, b"")), self._limits)
            body = await read_body(receive, self._limits)
            came.at_ns = self._now_ns()
            payload, allowance = await handler(body, came)
            if came.location is not None:
                status, headers = 202, [*headers, (b"location", came.location.encode())]
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
        headers = [*headers, (HEADER, name)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})


def _is_lines(media: bytes) -> bool:
    return media.partition(b";")[0].strip().lower() == NDJSON


def _number(value: bytes) -> int:
    # As many digits as any length has: of more, Python makes no number.
    return int(value[:_DIGITS_MAX]) if value.isdigit() else 0


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
