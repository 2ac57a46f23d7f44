"""The one call of the playground: inspect what was pasted, and tell all that is known about it."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.responses import Response

from aidefence.delivery.console.shown import Kind, show_detection, show_tools
from aidefence.delivery.console.wire import TryAnswer, TryRequest, TryResponse
from aidefence.delivery.http.contents import read_content
from aidefence.delivery.http.operations import House, read_json, say
from aidefence.delivery.http.problems import invalid, too_large
from aidefence.delivery.http.ways import Call
from aidefence.domain.answer import Asked
from aidefence.domain.asking import Request
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Direction, Origin
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.refusals import Allowance
from aidefence.ingest.tools import Tools
from aidefence.service.profiles import weigh

DOOR = "console"
KINDS = ("text", "messages", "tools", "answer")

_decode = msgspec.json.Decoder(TryRequest).decode


class Playground:
    """Answers the page; under the same limits and switches as every other door."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._services = house.services
        self._limits = house.limits

    async def __call__(self, call: Call) -> Response:
        """Inspect what a person pasted."""
        given = await read_json(call, self._house, _decode)
        _check(given)
        response, allowance = await asyncio.to_thread(self._try, given, call)
        # What was pasted stands in the answer: nobody on the way may keep it.
        return say(response, 200, allowance, {"cache-control": "no-store"})

    def _try(self, given: TryRequest, call: Call) -> tuple[TryResponse, Allowance | None]:
        start_ns = self._services.clock.monotonic_ns()
        if given.tools is not None:
            return self._try_tools(given.tools, call, start_ns)
        inspection, asked = self._understand(given)
        # A bare text of a user is asked about as at every other door.
        only = inspection.contents[0] if len(inspection.contents) == 1 else None
        plain = only is not None and only.origin is Origin.USER and given.text is not None
        what = only.text if only is not None and (plain or asked is not None) else inspection
        request = self._request(what, call, start_ns, asked)
        detection = self._services.desk.ask(request)
        standing = self._services.desk.standing
        weighed = weigh(standing.inspector, inspection, detection)
        kind: Kind = "chat"
        if given.text is not None or asked is not None:
            kind = "text" if asked is None else "answer"
        response = show_detection(
            request,
            kind,
            inspection,
            detection,
            weighed,
            standing.guard,
            self._services.clock.monotonic_ns() - start_ns,
        )
        return response, detection.allowance

    def _understand(self, given: TryRequest) -> tuple[Inspection, Asked | None]:
        if given.answer is not None:
            return self._understand_answer(given.answer)
        if given.text is not None:
            read_content(given.text, self._limits, "/text")
            return Inspection((Content(given.text, Origin(given.origin)),)), None
        found = read_content(given.messages or [], self._limits, "/messages")
        return (Inspection((Content(found),)) if isinstance(found, str) else found), None

    def _understand_answer(self, given: TryAnswer) -> tuple[Inspection, Asked]:
        for name in ("text", "question", "system"):
            read_content(getattr(given, name) or "", self._limits, f"/answer/{name}")
        for name in ("context", "canaries"):
            texts = "\n".join(getattr(given, name))
            read_content(texts, self._limits, f"/answer/{name}")
        asked = Asked(
            question=given.question,
            system=given.system,
            context=tuple(given.context),
            markers=tuple(given.canaries),
            refusal=True,
            support=any(text.strip() for text in given.context),
            repetition=True,
        )
        content = Content(given.text, Origin.ASSISTANT)
        return Inspection((content,), Direction.OUTPUT), asked

    def _try_tools(
        self, tools: Tools, call: Call, start_ns: int
    ) -> tuple[TryResponse, Allowance | None]:
        request = self._request("", call, start_ns)
        try:
            ruling, allowance = self._services.workshop.scan_tools(request, tools)
        except ContentError as error:
            raise invalid(f"/tools{error.path}", error.reason) from None
        except LimitError as error:
            raise too_large("/tools", str(error)) from None
        elapsed_ns = self._services.clock.monotonic_ns() - start_ns
        return show_tools(request, tools, ruling, elapsed_ns), allowance

    def _request(
        self, what: str | Inspection, call: Call, since_ns: int, asked: Asked | None = None
    ) -> Request:
        client = call.request.client
        return Request(
            what,
            self._services.ids.request_id(),
            DOOR,
            call.caller,
            client.host if client else None,
            since_ns=since_ns,
            answers=asked,
        )


def _check(given: TryRequest) -> None:
    named = [name for name in KINDS if getattr(given, name) is not None]
    if len(named) != 1:
        told = " and ".join(f"`{name}`" for name in named) or "none"
        raise invalid(f"/{named[1]}" if named else "", f"expected one of {_ONE_OF}, got {told}")


_ONE_OF = ", ".join(f"`{name}`" for name in KINDS)
