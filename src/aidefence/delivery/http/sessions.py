"""Sessions of browsers: sign in with a key, who am I, sign out."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from aidefence.delivery.http.credentials import SESSION_COOKIE, read_credentials
from aidefence.delivery.http.keys import PlanName, RoleName
from aidefence.delivery.http.operations import House, Operation, read_json, say
from aidefence.delivery.http.ways import Call, peer_of
from aidefence.domain.access import Credentials
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.service.sessions import Session, Sessions

_PATH = "/api/v2/session"
_MS_PER_SECOND = 1000
_KEY_LEN_MAX = 256


class SignInRequest(Struct, forbid_unknown_fields=True):
    """The key to sign in with."""

    key: Annotated[str, Meta(min_length=1, max_length=_KEY_LEN_MAX)]

    def __repr__(self) -> str:
        return "SignInRequest()"


class WireSession(Struct, frozen=True, rename="camel"):
    """Who is signed in; `csrfToken` goes into `X-CSRF-Token` of whatever changes something."""

    caller: str
    role: RoleName
    permissions: tuple[str, ...]
    tenant: str
    plan: PlanName
    expires_at: int
    csrf_token: str


_decode = msgspec.json.Decoder(SignInRequest).decode


async def _sign_in(house: House, call: Call) -> Response:
    given = await read_json(call, house, _decode)
    address = peer_of(call.request)
    session = await asyncio.to_thread(_sessions(house).sign_in, given.key, address)
    seconds = (session.expires_ms - house.services.clock.now_ms()) // _MS_PER_SECOND
    answer = _tell(session, 201)
    _set_cookie(answer, call, session.cookie, seconds)
    return answer


async def _show(house: House, call: Call) -> Response:
    return _tell(_sessions(house).find(_cookie(_shown(call))), 200)


async def _sign_out(house: House, call: Call) -> Response:
    shown, sessions = _shown(call), _sessions(house)
    cookie = _cookie(shown)
    sessions.enter(cookie, shown.csrf, changes=True)
    await asyncio.to_thread(sessions.sign_out, cookie)
    answer = Response(status_code=204)
    _set_cookie(answer, call, "", 0)
    return answer


def _sessions(house: House) -> Sessions:
    # Without them the routes are not there.
    assert house.services.sessions is not None  # noqa: S101
    return house.services.sessions


def _shown(call: Call) -> Credentials:
    return read_credentials(call.request.scope["headers"], call.request.method)


def _cookie(shown: Credentials) -> str:
    if not shown.session:
        raise UnauthenticatedError("nobody is signed in")
    return shown.session


def _set_cookie(answer: Response, call: Call, value: str, seconds: int) -> None:
    answer.set_cookie(
        SESSION_COOKIE,
        value,
        max_age=seconds,
        path="/",
        # No script reads it, no other site sends it, and over TLS it never leaves in the clear.
        httponly=True,
        samesite="strict",
        secure=call.request.url.scheme == "https",
    )


def _tell(session: Session, status: int) -> Response:
    caller = session.caller
    told = WireSession(
        caller=caller.id,
        role=caller.role.value,
        permissions=tuple(sorted(it.value for it in caller.permissions)),
        tenant=caller.tenant,
        plan=caller.plan.value,
        expires_at=session.expires_ms,
        csrf_token=session.csrf,
    )
    return say(told, status, headers={"cache-control": "no-store"})


OPERATIONS = (
    Operation(
        name="signIn",
        method="POST",
        path=_PATH,
        summary="Sign a browser in with an API key",
        permission=None,
        handle=_sign_in,
        tag="sessions",
        request=SignInRequest,
        response=WireSession,
        status=201,
        refuses=(401, 403),
        needs="sessions",
    ),
    Operation(
        name="showSession",
        method="GET",
        path=_PATH,
        summary="Tell who is signed in",
        permission=None,
        handle=_show,
        tag="sessions",
        response=WireSession,
        refuses=(401, 403),
        needs="sessions",
    ),
    Operation(
        name="signOut",
        method="DELETE",
        path=_PATH,
        summary="Sign a browser out, in all workers",
        permission=None,
        handle=_sign_out,
        tag="sessions",
        status=204,
        refuses=(401, 403),
        needs="sessions",
    ),
)
