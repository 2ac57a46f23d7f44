"""Posts to webhooks, and only where the operator allows: nobody reaches the inside through us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import SplitResult, urlsplit

from aidefence.adapters.outside import PORTS, pinned, resolve
from aidefence.domain.refusals import DisabledError, ForbiddenError

_SECONDS = 10.0
_URL_CODE_POINTS_MAX = 2048
_TAKEN = range(200, 300)


class WebhookCourier:
    """Brings answers to hosts on a list. Redirections are not followed."""

    __slots__ = ("_hosts",)

    def __init__(self, hosts: Iterable[str]) -> None:
        """`hosts` are names or addresses, with a port where it is not the usual one."""
        self._hosts = frozenset(host.lower() for host in hosts)

    def check(self, url: str) -> None:
        """Look whether we would go there."""
        if not self._hosts:
            raise DisabledError("this gateway calls no webhooks: `store.webhook_hosts` is empty")
        problem = self._problem(url)
        if problem is not None:
            raise ForbiddenError(f"this webhook is not allowed: {problem}")

    def bring(self, url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Post a body; gives what went wrong, none if it was taken."""
        # Asked again: the operator may have changed the list since.
        problem = self._problem(url) if self._hosts else "webhooks were switched off"
        if problem is not None:
            return problem
        parts = urlsplit(url)
        try:
            address = resolve(parts)
        except OSError as error:
            return f"its name is not known: {(error.strerror or str(error)).lower()}"
        if address is None:
            return "its name stands for an address inside this network"
        return _post(parts, address, body, headers)

    def _problem(self, url: str) -> str | None:
        if len(url) > _URL_CODE_POINTS_MAX or not url.isascii() or not url.isprintable():
            return "it is no URL"
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return "it is no URL"
        if parts.scheme not in PORTS or not host:
            return "expected `https://host/…` or `http://host/…`"
        if parts.username is not None or parts.password is not None:
            return "a name or a password has no place in it"
        shown = f"[{host}]" if ":" in host else host
        usual = port in {None, PORTS[parts.scheme]}
        if f"{shown}:{port}" in self._hosts or (usual and shown in self._hosts):
            return None
        return f"`{shown}` is not among the hosts that the operator allows"


def _post(parts: SplitResult, address: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    httpx: Any = import_module("httpx")
    url, host, options = pinned(parts, address)
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", url, content=body, headers={**headers, **host}, extensions=options
            ) as response,
        ):
            status: int = response.status_code
    except httpx.HTTPError as error:
        return f"it does not answer: {type(error).__name__}"
    return None if status in _TAKEN else f"it answers {status}"
