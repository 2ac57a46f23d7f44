"""What is done with tools and texts beside detection, over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from starlette.responses import Response

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.problems import refusal_of_given, too_large
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest import workshop_answers as answers
from aidefence.delivery.rest import workshop_wire as wire
from aidefence.delivery.rest.detecting import DOOR
from aidefence.delivery.rest.requests import context_of
from aidefence.delivery.rest.wire import Context as WireContext
from aidefence.domain.access import Permission
from aidefence.domain.asking import NO_CONTEXT, Request
from aidefence.domain.errors import ContentError
from aidefence.domain.refusals import Allowance
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import Ruling
from aidefence.service.guarding import Guarding

_decode_tools = msgspec.json.Decoder(wire.ToolsRequest).decode
_decode_call = msgspec.json.Decoder(wire.CallRequest).decode
_decode_trace = msgspec.json.Decoder(wire.TraceRequest).decode
_decode_redact = msgspec.json.Decoder(wire.RedactRequest).decode
_decode_neutralize = msgspec.json.Decoder(wire.NeutralizeRequest).decode
_Ruling = TypeVar("_Ruling", bound=Ruling)


async def _scan_tools(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_tools)
    request = _request(house, call, given.context)
    ruling, left = await _rule(
        lambda: house.services.workshop.scan_tools(request, given.tools), "tools"
    )
    return say(answers.tell_tools(ruling), allowance=left)


async def _check_call(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_call)
    request = _request(house, call, given.context)
    options = {"tools": given.tools, "task": given.task, "seen": given.seen}
    check = partial(house.services.workshop.check_call, request, given.name, given.arguments)
    ruling, left = await _rule(partial(check, **options), "tools")
    return say(answers.tell_call(ruling), allowance=left)


async def _check_trace(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_trace)
    request = _request(house, call, given.context)
    check = partial(house.services.workshop.check_trace, request, given.messages)
    ruling, left = await _rule(partial(check, tools=given.tools), "messages")
    return say(answers.tell_trace(ruling), allowance=left)


async def _redact(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_redact)
    _check_length(given.text, house.limits)

    def work(guard: Guarding) -> Rewrite:
        return guard.redact(
            given.text,
            categories=given.categories,
            entities=given.entities,
            operators=given.operators,
            default=given.default,
            key=None if given.key is None else given.key.encode(),
            min_score=given.min_score,
        )

    return await _rewrite(house, call, work)


async def _neutralize(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_neutralize)
    _check_length(given.text, house.limits)
    options = {"decode": given.decode, "markup": given.markup}

    def work(guard: Guarding) -> Rewrite:
        return guard.neutralize(given.text, **options, hosts=given.hosts, wrap=given.wrap)

    return await _rewrite(house, call, work)


async def _rule(
    rule: Callable[[], tuple[_Ruling, Allowance | None]], field: str
) -> tuple[_Ruling, Allowance | None]:
    """Have something inspected; `field` is the one that may be wrong inside."""
    try:
        return await asyncio.to_thread(rule)
    except ContentError as error:
        raise refusal_of_given(error, f"/{field}" if error.path else "") from None


async def _rewrite(house: House, call: Call, work: Callable[[Guarding], Rewrite]) -> Response:
    rewrite = partial(house.services.workshop.rewrite, _request(house, call), work)
    done, left = await asyncio.to_thread(rewrite)
    return say(answers.tell_rewrite(done), allowance=left)


def _request(house: House, call: Call, context: WireContext | None = None) -> Request:
    """Say for limits and policies who asks; what is asked stays here."""
    client = call.request.client
    peer = client.host if client else None
    told = NO_CONTEXT if context is None else context_of(context)
    return Request("", house.services.ids.request_id(), DOOR, call.caller, peer, context=told)


def _check_length(text: str, limits: Limits) -> None:
    most = limits.content_code_points_max
    if len(text) > most:
        raise too_large("/text", f"{len(text)} code points are more than {most}")


def _asks(
    name: str, path: str, summary: str, handle: object, request: type, response: type, tag: str
) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path=path,
        summary=summary,
        permission=Permission.DETECT,
        handle=handle,  # type: ignore[arg-type]  # all of them stand above
        tag=tag,
        request=request,
        response=response,
    )


OPERATIONS = (
    _asks(
        *("scanTools", "/api/v2/tools/scan", "Inspect tool definitions", _scan_tools),
        *(wire.ToolsRequest, wire.ToolsResponse, "tools"),
    ),
    _asks(
        *("checkCall", "/api/v2/tools/call", "Inspect a tool call before it is made", _check_call),
        *(wire.CallRequest, wire.CallResponse, "tools"),
    ),
    _asks(
        *("checkTrace", "/api/v2/tools/trace", "Inspect the calls of a whole trace", _check_trace),
        *(wire.TraceRequest, wire.TraceResponse, "tools"),
    ),
    _asks(
        *("redact", "/api/v2/redact", "Put something else in the place of values", _redact),
        *(wire.RedactRequest, wire.RewriteResponse, "texts"),
    ),
    _asks(
        *("neutralize", "/api/v2/neutralize", "Make a text harmless", _neutralize),
        *(wire.NeutralizeRequest, wire.RewriteResponse, "texts"),
    ),
)
