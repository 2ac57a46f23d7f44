"""API keys over HTTP: made, shown, rotated, revoked by whoever may."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from aidefence.delivery.http.operations import House, Operation, read_json, read_query, say
from aidefence.delivery.http.ways import Call
from aidefence.domain.access import Permission, Plan, Role
from aidefence.domain.api_key import NAME_LEN_MAX, ApiKey
from aidefence.service.keys import (
    LIFE_SECONDS_MAX,
    OVERLAP_SECONDS,
    OVERLAP_SECONDS_MAX,
    Keys,
    KeyWish,
)

_PAGE_MAX = 1000
_NO_STORE = {"cache-control": "no-store"}

RoleName = Literal["viewer", "analyst", "operator", "admin", "service"]
PlanName = Literal["free", "pro", "enterprise"]
PermissionName = Literal[
    "detect",
    "proxy",
    "feedback",
    "requests:read",
    "metrics:read",
    "feed:read",
    "rules:read",
    "review",
    "operate",
    "audit:read",
    "keys:manage",
    "users:erase",
    "policies:read",
    "policies:write",
    "policies:deploy",
]


class KeyRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """What a new key is to be; without `permissions` it may all that its role may."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_LEN_MAX)]
    role: RoleName = "service"
    permissions: Annotated[list[PermissionName], Meta(min_length=1)] | UnsetType = UNSET
    tenant: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")] = "default"
    plan: PlanName = "enterprise"
    life_seconds: Annotated[int, Meta(ge=1, le=LIFE_SECONDS_MAX)] | None = None


class RotateRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """For how long the secret before still opens."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=OVERLAP_SECONDS_MAX)] = OVERLAP_SECONDS


class KeysQuery(Struct, rename="camel", forbid_unknown_fields=True):
    """Which keys; `after` is the last id of the page before."""

    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=_PAGE_MAX)] = 100


class WireKey(Struct, frozen=True, rename="camel"):
    """A key as it may be seen: how it begins, never the whole. Times are Unix milliseconds."""

    id: str
    prefix: str
    name: str
    role: RoleName
    permissions: tuple[str, ...]
    tenant: str
    plan: PlanName
    active: bool
    created_at: int
    expires_at: int | None
    rotated_at: int | None
    previous_until: int | None
    revoked_at: int | None
    last_used_at: int | None


class WireNewKey(Struct, frozen=True, rename="camel"):
    """A key with its secret, which is told this once."""

    key: str
    details: WireKey


class WireKeyPage(Struct, frozen=True, rename="camel"):
    """Keys in the order of their ids; `next` is what to ask for `after`, none at the end."""

    keys: tuple[WireKey, ...]
    next: str | None


_decode_key = msgspec.json.Decoder(KeyRequest).decode
_decode_rotation = msgspec.json.Decoder(RotateRequest).decode


async def _create(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_key)
    named = None if given.permissions is UNSET else frozenset(map(Permission, given.permissions))
    wish = KeyWish(
        name=given.name,
        role=Role(given.role),
        permissions=named,
        tenant=given.tenant,
        plan=Plan(given.plan),
        life_seconds=given.life_seconds,
    )
    made = await asyncio.to_thread(_keys(house).create, call.caller, wish)
    told = WireNewKey(made.text, _tell(house, made.key))
    return say(told, 201, headers=_NO_STORE)


async def _list(house: House, call: Call) -> Response:
    query = read_query(call, KeysQuery)
    keys = await asyncio.to_thread(_keys(house).list)
    chosen = sorted((it for it in keys if it.id > query.after), key=lambda it: it.id)
    page = chosen[: query.limit]
    last = page[-1].id if len(chosen) > len(page) else None
    return say(WireKeyPage(tuple(_tell(house, it) for it in page), last))


async def _show(house: House, call: Call) -> Response:
    key = await asyncio.to_thread(_keys(house).show, call.request.path_params["id"])
    return say(_tell(house, key))


async def _rotate(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode_rotation)
    wanted = call.request.path_params["id"]
    keys = _keys(house)
    made = await asyncio.to_thread(keys.rotate, call.caller, wanted, given.overlap_seconds)
    return say(WireNewKey(made.text, _tell(house, made.key)), headers=_NO_STORE)


async def _revoke(house: House, call: Call) -> Response:
    wanted = call.request.path_params["id"]
    key = await asyncio.to_thread(_keys(house).revoke, call.caller, wanted)
    return say(_tell(house, key))


def _keys(house: House) -> Keys:
    # Without them the routes are not there.
    assert house.services.keys is not None  # noqa: S101
    return house.services.keys


def _tell(house: House, key: ApiKey) -> WireKey:
    return WireKey(
        id=key.id,
        prefix=key.prefix,
        name=key.name,
        role=key.role.value,
        permissions=tuple(sorted(it.value for it in key.permissions)),
        tenant=key.tenant,
        plan=key.plan.value,
        active=key.lives(house.services.clock.now_ms()),
        created_at=key.created_ms,
        expires_at=key.expires_ms,
        rotated_at=key.rotated_ms,
        previous_until=key.previous_until_ms,
        revoked_at=key.revoked_ms,
        last_used_at=key.last_used_ms,
    )


def _operation(
    name: str,
    method: str,
    path: str,
    summary: str,
    handle: object,
    response: type,
    **more: object,
) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=f"/api/v2/keys{path}",
        summary=summary,
        permission=Permission.MANAGE_KEYS,
        handle=handle,  # type: ignore[arg-type]  # all of them stand above
        tag="keys",
        response=response,
        needs="keys",
        **more,  # type: ignore[arg-type]  # fields of the operation
    )


OPERATIONS = (
    _operation(
        "createKey",
        "POST",
        "",
        "Make an API key",
        _create,
        WireNewKey,
        request=KeyRequest,
        status=201,
    ),
    _operation("listKeys", "GET", "", "List API keys", _list, WireKeyPage, query=KeysQuery),
    _operation("showKey", "GET", "/{id}", "Show one API key", _show, WireKey),
    _operation(
        "rotateKey",
        "POST",
        "/{id}/rotate",
        "Give an API key a new secret",
        _rotate,
        WireNewKey,
        request=RotateRequest,
    ),
    _operation("revokeKey", "DELETE", "/{id}", "Revoke an API key", _revoke, WireKey),
)
