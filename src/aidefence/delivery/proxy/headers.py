"""Which headers go on to an upstream, which come back, and what we tell in headers of our own."""

from __future__ import annotations

from collections.abc import Iterable

from aidefence.delivery.http.client_certificates import HEADER as CERTIFICATE
from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.proxying import Dialect, KeyFrom, Upstream
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.ports.upstream import Headers
from aidefence.service.proxy_exchange import Exchange

PREFIX = b"x-aidefence-"
SESSION = b"x-aidefence-session"
FACTS = b"x-aidefence-facts"
OWN_KEY = b"x-aidefence-key"
_KEYS = frozenset({b"authorization", b"x-api-key", b"api-key"})
_BETWEEN_TWO = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te"),
        *(b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"),
    }
)
# What speaks of the connection to us, or of who is behind it.
_NOT_SENT = _BETWEEN_TWO | {
    *(b"host", b"content-length", b"accept-encoding", b"expect", b"cookie", b"x-csrf-token"),
    *(b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"),
    *(b"via", CERTIFICATE),
}
_NOT_RETURNED = _BETWEEN_TWO | {b"content-length", b"content-encoding", b"set-cookie", b"alt-svc"}
_REQUEST_ID = b"x-request-id"


def sent_headers(
    given: Headers, upstream: Upstream, dialect: Dialect, caller: Caller
) -> list[tuple[bytes, bytes]]:
    """Choose what of a client's headers goes on, with the key that the upstream is to see.

    Raises:
        UnauthenticatedError: the key that came is ours, and must not go on.

    """
    named = _named(given)
    kept = [
        (name, value)
        for name, value in given
        if not (name in _NOT_SENT or name in _KEYS or name in named or name.startswith(PREFIX))
    ]
    kept.append((b"accept-encoding", b"identity"))
    if upstream.key_from is KeyFrom.CLIENT:
        if caller is not LOCAL and not any(name == OWN_KEY for name, _ in given):
            raise UnauthenticatedError(
                f"upstream `{upstream.name}` is shown your own key: send that as your client does, "
                "and the key of this gateway as `X-AIDefence-Key`"
            )
        return [*kept, *((name, value) for name, value in given if name in _KEYS)]
    if upstream.key is None:
        return kept
    if dialect is Dialect.MESSAGES:
        return [*kept, (b"x-api-key", upstream.key.encode("latin-1"))]
    return [*kept, (b"authorization", b"Bearer " + upstream.key.encode("latin-1"))]


def returned_headers(given: Headers) -> list[tuple[bytes, bytes]]:
    """Choose what of an upstream's headers comes back; its limits and its advice to wait do."""
    named = _named(given)
    return [
        (PREFIX + b"upstream-request-id" if name == _REQUEST_ID else name, value)
        for name, value in given
        if not (name in _NOT_RETURNED or name in named or name.startswith(PREFIX))
    ]


def is_compressed(given: Headers) -> bool:
    """Whether a body is written so that we would not see what it says."""
    return any(
        name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}
        for name, value in given
    )


def is_event_stream(given: Headers) -> bool:
    """Whether a body is a stream of events."""
    kinds = (value for name, value in given if name == b"content-type")
    return any(it.partition(b";")[0].strip().lower() == b"text/event-stream" for it in kinds)


def own_headers(exchange: Exchange, *, answered: bool = False) -> list[tuple[bytes, bytes]]:
    """Tell what was decided: about the request, and about the answer where that is known."""
    sides = (exchange.asked, exchange.answered) if answered else (exchange.asked,)
    worst = max(sides, key=lambda it: it.action.code)
    missed = dict.fromkeys(check for side in sides for check in side.degraded)
    told = {
        "request-id": exchange.id,
        "verdict": "attack" if any(it.category for it in sides) else "benign",
        "action": "block" if any(it.refused for it in sides) else worst.action.value,
        "category": worst.category.value if worst.category else "",
        "policy": exchange.policy_version,
        "rule": ", ".join(worst.rules),
        "enforced": "" if exchange.asked.enforced else "false",
        "set-apart": str(exchange.apart) if exchange.apart else "",
        "degraded": ", ".join(missed),
    }
    return [
        (PREFIX + name.encode(), value.encode("latin-1", "replace"))
        for name, value in told.items()
        if value
    ]


def encoded(given: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Write headers as they travel."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given]


def _named(given: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Headers that `Connection` names are between two, as it is itself."""
    return frozenset(
        part.strip().lower()
        for name, value in given
        if name == b"connection"
        for part in value.split(b",")
    )
