"""Who calls: what a client shows in metadata or by its certificate, and where it calls from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from aidefence.delivery.http.credentials import read_credentials
from aidefence.domain.access import Caller, Permission
from aidefence.service.gate import Gate

# A browser's cookie has no business in a call.
_TELLING = frozenset({"authorization", "x-api-key", "api-key", "x-aidefence-key"})


def read_caller(context: Any, gate: Gate, permission: Permission) -> Caller:  # noqa: ANN401
    """Say who calls, if they may.

    Raises:
        RefusedError: they may not.

    """
    shown = [
        (name.encode(), value.encode() if isinstance(value, str) else value)
        for name, value in context.invocation_metadata() or ()
        if name in _TELLING
    ]
    credentials = read_credentials(shown, "POST")
    certificate = _certificate(context)
    if certificate:
        credentials = replace(credentials, certificate=certificate)
    return gate.enter(credentials, permission, read_peer(context.peer()))


def read_peer(peer: str) -> str | None:
    """Read the address at the other end as gRPC writes it: `ipv4:192.0.2.1:443`, `unix:…`."""
    scheme, _, address = peer.partition(":")
    if scheme not in {"ipv4", "ipv6"}:
        return None
    host, _, _ = unquote(address).rpartition(":")
    return host.strip("[]") or None


def _certificate(context: Any) -> tuple[str, ...]:  # noqa: ANN401
    told = context.auth_context()
    names = (*told.get("x509_subject_alternative_name", ()), *told.get("x509_common_name", ()))
    return tuple(it.decode("utf-8", "replace") for it in names)
