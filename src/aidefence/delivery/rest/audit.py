"""What people and switches did to this installation."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_query, say
from aidefence.delivery.http.problems import invalid
from aidefence.delivery.http.ways import Call
from aidefence.delivery.rest.remembered import there
from aidefence.domain.access import Permission
from aidefence.domain.audit import AuditAction, AuditRecord


class AuditQuery(Struct, forbid_unknown_fields=True, rename="camel"):
    """Records behind number `after`; no actions are all of them."""

    actions: Annotated[list[str], Meta(max_length=64)] = []
    after: Annotated[int, Meta(ge=0, le=1 << 53)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class WireRecord(Struct, frozen=True, rename="camel"):
    """An event in its place in the chain."""

    number: int
    timestamp: int
    action: str
    actor: str
    target: str
    details: dict[str, Any]
    previous: str
    hash: str
    key_id: str
    signature: str


class WireRecords(Struct, frozen=True, rename="camel"):
    """Records in their order; `next` is what to ask for `after`, none at the end."""

    records: tuple[WireRecord, ...]
    next: int | None


async def _list(house: House, call: Call) -> Response:
    query = read_query(call, AuditQuery)
    audit, actions = there(house.services.audit), _actions(query.actions)
    found = await asyncio.to_thread(audit.read, call.caller, actions, query.after, query.limit)
    following = found[-1].number if len(found) == query.limit else None
    return say(WireRecords(tuple(map(_told, found)), following))


def _actions(names: list[str]) -> list[AuditAction]:
    try:
        return [AuditAction(name) for name in names]
    except ValueError:
        raise invalid("/actions", f"expected some of {', '.join(AuditAction)}") from None


def _told(record: AuditRecord) -> WireRecord:
    event = record.event
    return WireRecord(
        number=record.number,
        timestamp=record.at_ms,
        action=event.action.value,
        actor=event.actor,
        target=event.target,
        details=dict(event.details),
        previous=record.previous,
        hash=record.hash,
        key_id=record.key_id,
        signature=record.signature,
    )


OPERATIONS = (
    Operation(
        name="listAudit",
        method="GET",
        path="/api/v2/audit",
        summary="List what was done to this installation",
        permission=Permission.READ_AUDIT,
        handle=_list,
        tag="operations",
        query=AuditQuery,
        response=WireRecords,
        needs="audit",
    ),
)
