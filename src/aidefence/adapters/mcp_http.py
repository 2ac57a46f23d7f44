"""Ask a server of tools behind an address for its list: JSON-RPC over streamable HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from aidefence.adapters.mcp_stdio import BYTES_MAX, PROTOCOL, all_pages, greeting
from aidefence.adapters.outside import PORTS, pinned, resolve
from aidefence.domain.errors import LaunchError

_SESSION = "mcp-session-id"
_HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "accept-encoding": "identity",
    "mcp-protocol-version": PROTOCOL,
}
_EVENTS = "text/event-stream"


def list_tools_at(url: str, version: str, timeout_seconds: float) -> list[Any]:
    """Ask for all pages of `tools/list`, and end the session.

    A name must stand for addresses outside of this network; who names an address means it.
    Redirects are not followed.

    Raises:
        LaunchError: it cannot be reached, answers something else, too much, or too late.

    """
    with _Session(url, time.monotonic() + timeout_seconds) as session:
        session.ask("initialize", greeting(version))
        session.tell("notifications/initialized")
        return all_pages(url, session.ask)


class _Session:
    """One conversation: requests go out one at a time, answers are awaited until the deadline."""

    def __init__(self, url: str, deadline: float) -> None:
        self._name = url
        self._deadline = deadline
        self._last_id = 0
        self._read = 0
        self._url, self._headers, self._options = _target(url)
        self._client = httpx.Client(follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if _SESSION in self._headers:
            with suppress(httpx.HTTPError):
                self._client.delete(
                    self._url, headers=self._headers, extensions=self._options, timeout=1.0
                )
        self._client.close()

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._last_id += 1
        for message in self._post({"id": self._last_id, "method": method, "params": params}):
            if message.get("id") == self._last_id and "method" not in message:
                result = message.get("result")
                if isinstance(result, dict):
                    return result
                break
        raise LaunchError(f"server `{self._name}` refuses `{method}`")

    def tell(self, method: str) -> None:
        """Send a notification."""
        for _ in self._post({"method": method}):
            pass

    def _post(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise LaunchError(f"server `{self._name}` did not answer in time")
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        try:
            with self._client.stream(
                "POST",
                self._url,
                content=body,
                headers=self._headers,
                extensions=self._options,
                timeout=left,
            ) as response:
                yield from self._messages(response)
        except httpx.TimeoutException:
            raise LaunchError(f"server `{self._name}` did not answer in time") from None
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise LaunchError(f"server `{self._name}` cannot be reached: {reason}") from None

    def _messages(self, response: httpx.Response) -> Iterator[dict[str, Any]]:
        if not response.is_success:
            raise LaunchError(f"server `{self._name}` answers with status {response.status_code}")
        if session := response.headers.get(_SESSION):
            self._headers[_SESSION] = session
        is_stream = response.headers.get("content-type", "").startswith(_EVENTS)
        # An event may be several lines of data; a document is one.
        data = bytearray()
        for line in self._lines(response):
            if not is_stream:
                data += line
            elif line.startswith(b"data:"):
                data += line[5:].strip()
            elif not line and data:
                yield from _message(bytes(data))
                data.clear()
        yield from _message(bytes(data))

    def _lines(self, response: httpx.Response) -> Iterator[bytes]:
        rest = b""
        for chunk in response.iter_raw():
            self._read += len(chunk)
            if self._read > BYTES_MAX or time.monotonic() > self._deadline:
                raise LaunchError(f"server `{self._name}` says too much, or for too long")
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.rstrip(b"\r") for line in lines)
        yield rest


def _message(data: bytes) -> Iterator[dict[str, Any]]:
    with suppress(ValueError, RecursionError):
        message = json.loads(data)
        if isinstance(message, dict):
            yield message


def _target(url: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Look where a URL leads, before anything is said."""
    wrong = LaunchError(f"`{url}` is no address: expected `https://host/path`")
    try:
        parts = urlsplit(url)
        known = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        raise wrong from None
    if not known or parts.username is not None:
        raise wrong
    try:
        address = resolve(parts)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LaunchError(f"server `{url}`: its name is not known: {reason}") from None
    if address is None:
        raise LaunchError(
            f"server `{url}`: its name stands for an address inside this network: name the "
            "address itself if you mean it"
        )
    target, host, options = pinned(parts, address)
    return target, {**_HEADERS, **host}, options
