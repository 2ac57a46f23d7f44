"""People as applications name them: forgetting one of them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.domain.errors import ConversationError, VaultError
from aidefence.domain.refusals import UnavailableError


class EraseRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """Whom to forget: a `userId` as requests of this tenant named it in their `context`."""

    user_id: Annotated[str, Meta(min_length=1, max_length=4096)]


class WireErased(Struct, frozen=True):
    """How much is gone, by kind; the audit log names the user by `digest` alone."""

    digest: str
    erased: dict[str, int]


_decode = msgspec.json.Decoder(EraseRequest).decode


async def _erase(house: House, call: Call) -> Response:
    # In the body: a path would stand in the logs of whoever is in between.
    given = await read_json(call, house, _decode)
    erasure = there(house.services.erasure)
    try:
        done = await asyncio.to_thread(erasure.erase, given.user_id, call.caller)
    except (ConversationError, VaultError) as error:
        raise UnavailableError(f"not all of it could be deleted: {error}") from None
    return say(WireErased(done.digest, dict(done.counts)))


OPERATIONS = (
    Operation(
        name="eraseUser",
        method="POST",
        path="/api/v2/users/erase",
        summary="Delete all that is kept of the requests of one user",
        permission=Permission.ERASE_USERS,
        handle=_erase,
        tag="operations",
        request=EraseRequest,
        response=WireErased,
        needs="audit",
    ),
)
