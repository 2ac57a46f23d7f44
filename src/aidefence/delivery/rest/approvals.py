"""Calls that a person has approved, so that policies let them pass once."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.service.approvals import MINUTES, MINUTES_MAX, NAME_MAX, Approval


class ApprovalRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """The very call: its tool, all its arguments, its session; and for how long it may wait."""

    tool: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    arguments: dict[str, Any]
    session_id: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    minutes: Annotated[float, Meta(gt=0, le=MINUTES_MAX)] = MINUTES


class WireApproval(Struct, frozen=True, rename="camel"):
    """A call that may be made once until `expiresAt`; `digest` names tool and arguments."""

    tool: str
    session_id: str
    digest: str
    approved_by: str
    expires_at: int


_decode = msgspec.json.Decoder(ApprovalRequest).decode


async def _approve(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode)
    approvals = there(house.services.policies).approvals
    approve = partial(approvals.approve, given.tool, given.arguments, given.session_id)
    made = await asyncio.to_thread(approve, call.caller, given.minutes)
    return say(tell_approval(made), 201)


def tell_approval(it: Approval) -> WireApproval:
    """Tell which call was approved, by whom, until when."""
    return WireApproval(it.tool, it.session, it.digest, it.by, it.expires_ms)


OPERATIONS = (
    Operation(
        name="approveCall",
        method="POST",
        path="/api/v2/approvals",
        summary="Approve a call, so that policies see it as approved once",
        permission=Permission.REVIEW,
        handle=_approve,
        tag="policies",
        request=ApprovalRequest,
        response=WireApproval,
        status=201,
        needs="policies",
    ),
)
