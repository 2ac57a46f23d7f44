"""Middleware for Starlette, FastAPI and any other ASGI application.

app.add_middleware(InspectBodies, guard=Guard(), asked=["/messages", "/prompt"])
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from aidefence.domain.enums import Action, Direction, Origin
from aidefence.domain.errors import ContentError, SettingError
from aidefence.integrations.stopping import Stop, tell

if TYPE_CHECKING:
    from aidefence import Decision, Guard
    from aidefence.app.stream import Stream

Scope = dict[str, Any]
Message = dict[str, Any]

_EVERY = "*"
_PLACES_MAX = 10_000
_PLAIN = "text/plain"


class InspectBodies:
    """Inspects what comes in at some places of JSON bodies, and plain text on its way out.

    Bodies of answers are never held until they are complete: plain text goes out as soon as it is
    settled, all else as it comes.
    """

    def __init__(
        self,
        app: Any,  # noqa: ANN401 -- any application, as frameworks type it
        *,
        guard: Guard,
        asked: Sequence[str] = ("",),
        paths: Sequence[str] = ("/",),
        origin: Origin | str = Origin.USER,
        stop_at: Action | str = Action.BLOCK,
        answers: Literal["pass", "stop", "redact"] = "pass",
        body_bytes_max: int = 8 << 20,
    ) -> None:
        """`asked` are JSON pointers, with `*` for every item; the empty one is the whole body.

        `paths` are beginnings of the paths that are inspected. `answers` says what becomes of
        plain text on its way out: it passes, stops where something is found, or has private data
        and secrets replaced.
        """
        wrong = [it for it in asked if it and not it.startswith("/")]
        if wrong or isinstance(asked, str):
            raise SettingError("asked", "expected a list of JSON pointers, such as `/messages`")
        self._app = app
        self._guard = guard
        self._places = [_steps(it) for it in asked]
        self._paths = tuple(paths)
        self._origin = Origin(origin)
        self._stop = Stop(stop_at)
        self._answers = answers
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Inspect one request, then hand it on."""
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        body, rest = await _read(receive, self._body_bytes_max)
        if body is None:
            await _refuse(send, 413, "too-large", {"limit": self._body_bytes_max})
            return
        try:
            decision = await self._inspect(body)
        except ContentError as error:
            await _refuse(send, 422, "unreadable", {"detail": error.reason, "pointer": error.path})
            return
        if decision is not None and self._stop.holds(decision):
            await _refuse(send, 403, "blocked", tell(decision))
            return
        if self._answers != "pass":
            send = _Outgoing(self._guard, send, replaces=self._answers == "redact")
        await self._app(scope, _replay(body, rest, receive), send)

    async def _inspect(self, body: bytes) -> Decision | None:
        # By what it is, not by what its header calls it: some applications do not look there.
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        worst: Decision | None = None
        for place in self._places:
            for content in _at(document, place):
                decision = await self._guard.ainspect(content, origin=self._origin)
                if worst is None or decision.action > worst.action:
                    worst = decision
        return worst


class _Outgoing:
    """Reads plain text on its way out."""

    def __init__(self, guard: Guard, send: Any, *, replaces: bool) -> None:  # noqa: ANN401
        self._send = send
        self._guard = guard
        self._replaces = replaces
        self._stream: Stream | None = None
        self._ended = False

    async def __call__(self, message: Message) -> None:
        """Pass on what is settled."""
        if message["type"] == "http.response.start":
            message = self._begin(message)
        elif message["type"] == "http.response.body" and self._stream is not None:
            await self._body(self._stream, message)
            return
        await self._send(message)

    def _begin(self, message: Message) -> Message:
        headers = {name.lower(): value for name, value in message["headers"]}
        kind = headers.get(b"content-type", b"").decode("latin-1").lower()
        if not kind.startswith(_PLAIN) or b"content-encoding" in headers:
            return message
        self._stream = self._guard.stream(
            on_finding="redact" if self._replaces else "stop", direction=Direction.OUTPUT
        )
        # What goes out may be shorter, or longer where a name takes the place of a value.
        kept = [it for it in message["headers"] if it[0].lower() != b"content-length"]
        return {**message, "headers": kept}

    async def _body(self, stream: Stream, message: Message) -> None:
        if self._ended:
            return
        released = stream.feed(message.get("body", b""))
        data, self._ended = released.data, released.stopped
        if not self._ended and not message.get("more_body"):
            data += stream.finish().data
            self._ended = True
        await self._send({"type": "http.response.body", "body": data, "more_body": not self._ended})


def _steps(pointer: str) -> tuple[str, ...]:
    parts = pointer.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _at(document: object, steps: Sequence[str]) -> Iterator[Any]:
    """Give what stands at a place: texts, messages, or every text of something else."""
    found: list[object] = [document]
    for step in steps:
        found = [inner for it in found for inner in _into(it, step)]
        if len(found) > _PLACES_MAX:
            raise ContentError(f"more than {_PLACES_MAX} values", "/" + "/".join(steps))
    for value in found:
        yield from _contents(value)


def _into(value: object, step: str) -> Iterator[object]:
    if isinstance(value, Mapping):
        if step == _EVERY:
            yield from value.values()
        elif step in value:
            yield value[step]
    elif isinstance(value, list):
        if step == _EVERY:
            yield from value
        elif step.isascii() and step.isdecimal() and int(step) < len(value):
            yield value[int(step)]


def _contents(value: object) -> Iterator[Any]:
    waiting, seen = [value], 0
    while waiting:
        it = waiting.pop()
        seen += 1
        if seen > _PLACES_MAX:
            raise ContentError(f"more than {_PLACES_MAX} values")
        if isinstance(it, str) or _are_messages(it):
            yield it
        elif isinstance(it, list):
            waiting += reversed(it)
        elif isinstance(it, Mapping):
            waiting += (*reversed(list(it.values())), *it)


def _are_messages(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(it, dict) and "role" in it for it in value)
    )


async def _read(receive: Any, most: int) -> tuple[bytes | None, Message | None]:  # noqa: ANN401
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts), message
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > most:
            return None, None
        if not message.get("more_body"):
            return b"".join(parts), None


def _replay(body: bytes, rest: Message | None, receive: Any) -> Any:  # noqa: ANN401
    waiting: list[Message] = [] if rest is None else [rest]
    waiting.append({"type": "http.request", "body": body, "more_body": rest is not None})

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _refuse(send: Any, status: int, kind: str, told: Mapping[str, Any]) -> None:  # noqa: ANN401
    problem = {"type": f"/problems/{kind}", "title": kind, "status": status, **told}
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
