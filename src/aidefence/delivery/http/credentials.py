"""What a client shows, read out of the headers of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aidefence.delivery.http.client_certificates import HEADER as CERTIFICATE
from aidefence.delivery.http.client_certificates import names_in
from aidefence.domain.access import Credentials

SESSION_COOKIE = "aidefence_session"
CSRF_HEADER = b"x-csrf-token"
# A signed token has three parts; our keys have no dots.
_TOKEN_DOTS = 2
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTHING = Credentials()
_NOTHING_CHANGING = Credentials(changes=True)
# Whoever sends the key of a model's provider in the usual place shows ours in this one.
OWN_HEADER = b"x-aidefence-key"
_API_KEY = b"x-api-key"
_KEY_ALONE = [_API_KEY]
TELLING = frozenset(
    {b"authorization", _API_KEY, b"api-key", b"cookie", CSRF_HEADER, OWN_HEADER, CERTIFICATE}
)
"""Headers that show who asks."""


def read_credentials(headers: Iterable[tuple[bytes, bytes]], method: str) -> Credentials:
    """Read what a client shows; headers as ASGI hands them out, names in lower case.

    A key may come as `Authorization: Bearer`, `X-API-Key` or `Api-Key`, as clients of the doors
    that we answer for others send it. Where there is `X-AIDefence-Key`, only that counts: the
    others are then meant for somebody else.
    """
    return credentials_in({name: value for name, value in headers if name in TELLING}, method)


def credentials_in(headers: Mapping[bytes, bytes], method: str) -> Credentials:
    """Do the same with headers that are sorted out already: `TELLING`, and any others."""
    changes = method not in _SAFE_METHODS
    told = [name for name in headers if name in TELLING]
    if not told:
        return _NOTHING_CHANGING if changes else _NOTHING
    if told == _KEY_ALONE:
        # As programs ask: most of all traffic.
        return Credentials(headers[_API_KEY].decode("latin-1").strip() or None, changes=changes)
    own = headers.get(OWN_HEADER, b"").decode("latin-1").strip()
    scheme, _, bearer = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    word = own or (bearer.strip() if scheme.lower() == "bearer" else "")
    is_token = word.count(".") == _TOKEN_DOTS
    other = b"" if own else headers.get(_API_KEY) or headers.get(b"api-key") or b""
    key = other.decode("latin-1").strip()
    return Credentials(
        key=key or (word if word and not is_token else None),
        token=word if is_token else None,
        session=_cookie(headers.get(b"cookie", b"").decode("latin-1")),
        csrf=headers[CSRF_HEADER].decode("latin-1") if CSRF_HEADER in headers else None,
        certificate=names_in(headers[CERTIFICATE].decode("latin-1"))
        if CERTIFICATE in headers
        else (),
        changes=changes,
    )


def _cookie(header: str) -> str | None:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return None
