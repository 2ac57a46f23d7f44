"""What a client shows, read out of the headers of a request."""

from __future__ import annotations

from collections.abc import Iterable

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
_TELLING = frozenset(
    {b"authorization", b"x-api-key", b"api-key", b"cookie", CSRF_HEADER, OWN_HEADER}
)


def read_credentials(headers: Iterable[tuple[bytes, bytes]], method: str) -> Credentials:
    """Read what a client shows; headers as ASGI hands them out, names in lower case.

    A key may come as `Authorization: Bearer`, `X-API-Key` or `Api-Key`, as clients of the doors
    that we answer for others send it. Where there is `X-AIDefence-Key`, only that counts: the
    others are then meant for somebody else.
    """
    shown = {name: value for name, value in headers if name in _TELLING}
    changes = method not in _SAFE_METHODS
    if not shown:
        return _NOTHING_CHANGING if changes else _NOTHING
    own = shown.get(OWN_HEADER, b"").decode("latin-1").strip()
    scheme, _, bearer = shown.get(b"authorization", b"").decode("latin-1").partition(" ")
    word = own or (bearer.strip() if scheme.lower() == "bearer" else "")
    is_token = word.count(".") == _TOKEN_DOTS
    other = b"" if own else shown.get(b"x-api-key") or shown.get(b"api-key") or b""
    key = other.decode("latin-1").strip()
    return Credentials(
        key=key or (word if word and not is_token else None),
        token=word if is_token else None,
        session=_cookie(shown.get(b"cookie", b"").decode("latin-1")),
        csrf=shown[CSRF_HEADER].decode("latin-1") if CSRF_HEADER in shown else None,
        changes=changes,
    )


def _cookie(header: str) -> str | None:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return None
