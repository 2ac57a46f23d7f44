"""Names in a client's certificate, as a proxy that ended its connection tells them."""

from __future__ import annotations

import re

HEADER = b"x-forwarded-client-cert"
"""As Envoy and its like write it; others can be told to."""
_PART = re.compile(r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"]*)\s*(;|,|\Z)', re.DOTALL)
_ATTRIBUTE = re.compile(r"(?:[^\\,+]|\\.)+", re.DOTALL)
_COMMON_NAME = "CN="
_ESCAPED = re.compile(r"\\([^0-9A-Fa-f])", re.DOTALL)
_LEN_MAX = 16 << 10
_NAMES_MAX = 64


def names_in(header: str) -> tuple[str, ...]:
    """Read the names of the last certificate: URI and DNS names, then the common name.

    Every proxy on the way appends what it saw, and only the last of them do we know. What is not
    written as it should be names nobody.
    """
    if len(header) > _LEN_MAX:
        return ()
    names: list[str] = []
    common, at = "", 0
    while at < len(header):
        part = _PART.match(header, at)
        if part is None:
            return ()
        kind, value, end = part[1].lower(), _unquoted(part[2]), part[3]
        if kind in {"uri", "dns"}:
            names.append(value)
        elif kind == "subject":
            common = _common_name(value)
        at = part.end()
        if end == "," and at < len(header):
            names, common = [], ""
    return tuple(it for it in (*names[:_NAMES_MAX], common) if it)


def _unquoted(value: str) -> str:
    # Other backslashes are the subject's own.
    return value[1:-1].replace('\\"', '"') if value.startswith('"') else value


def _common_name(subject: str) -> str:
    """Read the common name of a subject as RFC 4514 writes it; two of them name nobody."""
    attributes = (it.strip() for it in _ATTRIBUTE.findall(subject))
    names = [it[len(_COMMON_NAME) :] for it in attributes if it.upper().startswith(_COMMON_NAME)]
    if len(names) != 1:
        return ""
    name = _ESCAPED.sub(r"\1", names[0])
    return "" if "\\" in name else name
