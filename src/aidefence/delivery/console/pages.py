"""The pages: files of the package, read once, sent with a policy that lets them reach only us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from starlette.responses import Response

from aidefence.delivery.http.problems import Refusal
from aidefence.delivery.http.ways import Call

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # A new version of the package has new files: asked for again, but seldom sent again.
    "cache-control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class _Page:
    body: bytes
    headers: Mapping[str, str]


async def playground(call: Call) -> Response:
    """Send the playground."""
    return _send(call, "index.html")


async def reference(call: Call) -> Response:
    """Send the API reference."""
    return _send(call, "docs.html")


async def asset(call: Call) -> Response:
    """Send a part of a page."""
    return _send(call, call.request.path_params["name"])


def _send(call: Call, name: str) -> Response:
    page = _pages().get(name)
    if page is None:
        raise Refusal(404, "not-found", "There is no such page", call.request.url.path)
    if call.request.headers.get("if-none-match") == page.headers["etag"]:
        return Response(status_code=304, headers=dict(page.headers))
    return Response(page.body, headers=dict(page.headers))


@cache
def _pages() -> Mapping[str, _Page]:
    """All files by name: a name that is not among them leads nowhere."""
    found = {}
    for file in files("aidefence.delivery.console").joinpath("pages").iterdir():
        kind = file.name.rpartition(".")[2]
        if kind in _TYPES:
            body = file.read_bytes()
            etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
            found[file.name] = _Page(body, {**_HEADERS, "content-type": _TYPES[kind], "etag": etag})
    return found
