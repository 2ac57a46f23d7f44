"""Routes that describe themselves: the same table is served and written into the OpenAPI document.

A door makes its table at import, without anything to serve it with; `bind` ties it to services.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from starlette.responses import Response

from aidefence.delivery.http.bodies import check_type, decode, read_body
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import allowance_headers, misfit
from aidefence.delivery.http.ways import Call, Way
from aidefence.domain.access import Permission
from aidefence.domain.refusals import Allowance
from aidefence.service.services import Services

_encode = msgspec.json.Encoder().encode
_Query = TypeVar("_Query", bound=Struct)
_Body = TypeVar("_Body")


@dataclass(frozen=True, slots=True)
class House:
    """What handlers work with: use cases, and what one request may ask for."""

    services: Services
    limits: Limits = field(default_factory=Limits)


Handle: TypeAlias = Callable[[House, Call], Awaitable[Response]]
# Types of bodies: what msgspec reads and writes, or none where there is no body.
Shape: TypeAlias = type | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route with all that is to be said of it.

    `needs` names the use case without which the route is not there. Without `handle` the door
    answers it before any routing. `also` are answers beside the usual one, `refuses` problems
    beside those that all such routes may tell. What `asks` may be told to answer with fewer words;
    with `lines`, bodies may be streams.
    """

    name: str
    method: str
    path: str
    summary: str
    permission: Permission | None
    handle: Handle | None
    tag: str
    request: Shape = None
    response: Shape = None
    query: type[Struct] | None = None
    status: int = 200
    media: str = "application/json"
    also: Mapping[int, Shape] = field(default_factory=dict)
    refuses: tuple[int, ...] = ()
    needs: str = ""
    asks: bool = False
    lines: bool = False

    def is_there(self, services: Services) -> bool:
        """Whether the operator has switched on what it needs."""
        return not self.needs or getattr(services, self.needs) is not None


def bind(operations: Iterable[Operation], house: House) -> list[Way]:
    """Make the ways of those operations that are there."""
    return [
        Way(it.method, it.path, partial(it.handle, house), it.permission)
        for it in operations
        if it.handle is not None and it.is_there(house.services)
    ]


async def read_json(call: Call, house: House, decoder: Callable[[bytes], _Body]) -> _Body:
    """Take in a body and make of it what it says."""
    check_type(call.request.headers.get("content-type", "").encode("latin-1"))
    return decode(decoder, await read_body(call.request.receive, house.limits))


def read_query(call: Call, shape: type[_Query]) -> _Query:
    """Make of the query what it says; fields of lists may be repeated or hold commas."""
    lists = {it.encode_name for it in msgspec.structs.fields(shape) if _is_list(it.type)}
    given: dict[str, object] = {}
    for name, value in call.request.query_params.multi_items():
        if name in lists:
            given[name] = [*_listed(given.get(name)), *(it for it in value.split(",") if it)]
        else:
            given[name] = value
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error) from None


def say(
    document: object,
    status: int = 200,
    allowance: Allowance | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a document, and with what is left of the limit that is nearest."""
    told = dict(headers or {})
    if allowance is not None:
        told.update(allowance_headers(allowance))
    return Response(_encode(document), status, told, "application/json")


def _is_list(annotation: object) -> bool:
    return isinstance(msgspec.inspect.type_info(annotation), msgspec.inspect.ListType)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
