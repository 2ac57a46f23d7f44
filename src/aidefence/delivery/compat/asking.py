"""What all dialects share: a body is read, the desk is asked, limits and log hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.responses import Response

from aidefence.delivery.http.bodies import decode, read_body
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal, allowance_headers, invalid, too_large
from aidefence.delivery.http.ways import Call
from aidefence.domain.asking import NO_CONTEXT, Context, Detection, Request
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ContentError
from aidefence.domain.refusals import Allowance
from aidefence.ingest.messages import read

if TYPE_CHECKING:
    from aidefence.service.inspect import Inspector
    from aidefence.service.services import Services

DOOR = "compat"
# Up to here an inspection takes less time than a visit to another thread.
_INLINE_CODE_POINTS_MAX = 16_384
_Read = TypeVar("_Read")
_Done = TypeVar("_Done")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks the desk on behalf of a dialect."""

    services: Services
    limits: Limits

    @property
    def inspector(self) -> Inspector:
        """What inspects at the moment."""
        return self.services.desk.standing.inspector

    async def read(self, call: Call, decoder: msgspec.json.Decoder[_Read]) -> _Read:
        """Read the body of a call.

        Raises:
            Refusal: it is too long, or not what the dialect says; it names the field.

        """
        return decode(decoder.decode, await read_body(call.request.receive, self.limits))

    async def ask(
        self, call: Call, what: str | Inspection, context: Context = NO_CONTEXT
    ) -> tuple[Request, Detection]:
        """Ask about one text of a user, or contents that belong together."""
        request = self.request(call, what, context)
        texts = (what,) if isinstance(what, str) else (it.text for it in what.contents)
        length = sum(map(len, texts))
        self._measure(length)
        if length > _INLINE_CODE_POINTS_MAX:
            return request, await asyncio.to_thread(self.services.desk.ask, request)
        return request, await self.services.desk.aask(request)

    async def ask_all(self, call: Call, whats: Sequence[str | Inspection]) -> list[Detection]:
        """Ask about many, each for itself."""
        for what in whats:
            texts = (what,) if isinstance(what, str) else (it.text for it in what.contents)
            self._measure(sum(map(len, texts)))
        requests = [self.request(call, what) for what in whats]
        return await asyncio.to_thread(self.services.desk.ask_all, requests)

    def request(self, call: Call, what: str | Inspection, context: Context = NO_CONTEXT) -> Request:
        """Make the request of a call."""
        client = call.request.scope.get("client")
        return Request(
            what=what,
            id=self.services.ids.request_id(),
            door=DOOR,
            caller=call.caller,
            peer=client[0] if client else None,
            context=context,
            since_ns=self.services.clock.monotonic_ns(),
        )

    async def aside(self, work: Callable[[], _Done]) -> _Done:
        """Do what takes longer in another thread."""
        return await asyncio.to_thread(work)

    def _measure(self, length: int) -> None:
        most = self.limits.content_code_points_max
        if length > most:
            raise too_large("", f"{length} code points are more than {most}")


def messages(
    given: Sequence[object], direction: Direction = Direction.INPUT, path: str = "/messages"
) -> Inspection:
    """Read chat messages.

    Raises:
        Refusal: they are none.

    """
    try:
        found = read(given, direction=direction)  # type: ignore[arg-type]  # this is the check
    except ContentError as error:
        raise invalid(f"{path}{error.path}", error.reason) from None
    if not found.contents and not found.unread:
        raise invalid(path, "there is no content in it")
    return found


def said_by(
    texts: Sequence[str], origin: Origin, direction: Direction = Direction.INPUT
) -> Inspection:
    """Take texts of one origin together."""
    return Inspection(tuple(Content(it, origin) for it in texts), direction)


def answer(value: object, allowance: Allowance | None = None) -> Response:
    """Write an answer, with what is left of the caller's limit."""
    headers = dict(allowance_headers(allowance)) if allowance else {}
    return Response(_encode(value), headers=headers, media_type="application/json")


def refuse_with(write: Callable[[Refusal], object]) -> Callable[[Refusal], Response]:
    """Make what writes a refusal in words of a dialect."""

    def refuse(refusal: Refusal) -> Response:
        headers = dict(refusal.headers)
        said = _encode(write(refusal))
        return Response(said, refusal.status, headers, "application/json")

    return refuse
