"""Refusals: every one is a problem document (RFC 9457) and names the field that is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from aidefence.delivery.rest.wire import FieldError, Problem

CONTENT_TYPE = "application/problem+json"

_PLACE = re.compile(r"(?P<reason>.*) - at `(?P<path>\$.*)`", re.DOTALL)
_FIELD = re.compile(r"(?:unknown|required) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[^\]]*)\]")
_encode = msgspec.json.Encoder().encode


@dataclass
class Refusal(Exception):  # noqa: N818 -- it is what we do, not what went wrong
    """A request that is not carried out, and why."""

    status: int
    kind: str
    title: str
    detail: str
    errors: tuple[FieldError, ...] = ()

    def body(self) -> bytes:
        """Write the problem document."""
        kind = f"/problems/{self.kind}"
        return _encode(Problem(kind, self.title, self.status, self.detail, self.errors))


def not_json(reason: str) -> Refusal:
    """Refuse a body that is not JSON."""
    return Refusal(400, "malformed-json", "The body is not valid JSON", reason)


def invalid(pointer: str, detail: str) -> Refusal:
    """Refuse a field."""
    errors = (FieldError(pointer, detail),)
    return Refusal(422, "invalid-field", "A field is not valid", f"`{pointer}`: {detail}", errors)


def unsupported(pointer: str, detail: str) -> Refusal:
    """Refuse something that the contract knows and this version does not do yet."""
    errors = (FieldError(pointer, detail),)
    title = "This version does not support what was asked for"
    return Refusal(422, "not-supported", title, f"`{pointer}`: {detail}", errors)


def too_large(pointer: str, detail: str) -> Refusal:
    """Refuse what is over a limit; nothing is cut off silently."""
    errors = (FieldError(pointer, detail),)
    return Refusal(413, "too-large", "The request is over a limit", detail, errors)


def misfit(error: msgspec.ValidationError) -> Refusal:
    """Refuse a body with an unknown, missing or mistyped field."""
    found = _PLACE.fullmatch(str(error))
    reason, path = (found["reason"], found["path"]) if found else (str(error), "$")
    pointer = _pointer(path)
    named = _FIELD.search(reason)
    if named:
        # The decoder points at the object; the client wants the field.
        pointer = f"{pointer}/{_escape(named['name'])}"
    return invalid(pointer, reason)


def _pointer(path: str) -> str:
    steps = _STEP.finditer(path)
    return "".join(f"/{_escape(step['name'] or step['index'])}" for step in steps)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
