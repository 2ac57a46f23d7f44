"""Private values out of a text before a model reads it, and back afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import Handle, House, Operation, read_json, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.detecting import DOOR
from aidefence.delivery.rest.remembered import there
from aidefence.delivery.rest.wire import WireDegraded
from aidefence.domain.access import Permission
from aidefence.domain.asking import Request
from aidefence.domain.errors import VaultError
from aidefence.domain.refusals import UnavailableError
from aidefence.domain.rewrite import Rewrite, RewrittenContent
from aidefence.service.guarding import Vaulting, session_of_tenant

_Done = Rewrite | RewrittenContent


class VaultRequest(Struct, forbid_unknown_fields=True):
    """A text, messages or other data; within a `session` a value always gets the same token."""

    content: str | list[Any] | dict[str, Any]
    session: Annotated[str, Meta(min_length=1, max_length=256)]


class VaultResponse(Struct, frozen=True):
    """The same data with values or tokens exchanged, and in how many texts."""

    content: Any
    changed: int
    degraded: tuple[WireDegraded, ...]


_decode = msgspec.json.Decoder(VaultRequest).decode


def _exchange(step: Callable[[Vaulting, object, str], _Done]) -> Handle:
    async def handle(house: House, call: Call) -> Response:
        given = await read_json(call, house, _decode)
        client = call.request.client
        name = house.services.ids.request_id()
        peer = client.host if client else None
        left = house.services.desk.admit(Request("", name, DOOR, call.caller, peer))
        session = session_of_tenant(call.caller.tenant, given.session)
        try:
            vault = there(house.services.vault)
            done = await asyncio.to_thread(step, vault, given.content, session)
        except VaultError as error:
            raise UnavailableError(f"the vault does not answer: {error}") from None
        return say(_told(done), allowance=left)

    return handle


def _told(done: _Done) -> VaultResponse:
    degraded = tuple(WireDegraded(it.check, it.reason) for it in done.degraded)
    if isinstance(done, Rewrite):
        return VaultResponse(done.text, int(done.changed), degraded)
    return VaultResponse(done.content, len(done.parts), degraded)


def _operation(name: str, summary: str, handle: Handle) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path=f"/api/v2/{name}",
        summary=summary,
        permission=Permission.DETECT,
        handle=handle,
        tag="texts",
        request=VaultRequest,
        response=VaultResponse,
        needs="vault",
    )


OPERATIONS = (
    _operation(
        "anonymize",
        "Exchange private data for tokens",
        _exchange(lambda vault, content, session: vault.anonymize(content, session=session)),
    ),
    _operation(
        "deanonymize",
        "Put the values of a session back",
        _exchange(lambda vault, content, session: vault.deanonymize(content, session=session)),
    ),
)
