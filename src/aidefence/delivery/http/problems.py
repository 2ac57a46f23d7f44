"""Refusals: every one is a problem document (RFC 9457) and names the field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
from msgspec import Struct

from aidefence.domain.errors import (
    ContentError,
    LimitError,
    PolicyError,
    SettingError,
)
from aidefence.domain.refusals import (
    Allowance,
    ConflictError,
    DeadlineError,
    DisabledError,
    ForbiddenError,
    LimitedError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)
from aidefence.service.authoring import UnreadError

CONTENT_TYPE = "application/problem+json"

_PLACE = re.compile(r"(?P<reason>.*) - at `(?P<path>\$.*)`", re.DOTALL)
_FIELD = re.compile(r"(?:unknown|required) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[^\]]*)\]")
_TOLD_MAX = 300
_encode = msgspec.json.Encoder().encode


class FieldError(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is wrong with one field; `pointer` is a JSON pointer into the request.

    `readings` are all that a sentence may mean, where it may mean several things.
    """

    pointer: str
    detail: str
    readings: tuple[str, ...] = ()


class Problem(Struct, frozen=True, gc=False):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


@dataclass
class Refusal(Exception):  # noqa: N818 -- it is what we do, not what went wrong
    """A request that is not carried out, and why."""

    status: int
    kind: str
    title: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def problem(self) -> Problem:
        """Put it as a problem document."""
        kind = f"/problems/{self.kind}"
        return Problem(kind, self.title, self.status, self.detail, self.errors)

    def body(self) -> bytes:
        """Write the problem document."""
        return _encode(self.problem())


def not_json(reason: str) -> Refusal:
    """Refuse a body that is not JSON."""
    return Refusal(400, "malformed-json", "The body is not valid JSON", reason)


def invalid(pointer: str, detail: str) -> Refusal:
    """Refuse a field."""
    # Names of fields are the client's: an answer is not to be as long as what was sent.
    pointer, detail = _short(pointer), _short(detail)
    errors = (FieldError(pointer, detail),)
    return Refusal(422, "invalid-field", "A field is not valid", f"`{pointer}`: {detail}", errors)


def _short(text: str) -> str:
    return text if len(text) <= _TOLD_MAX else f"{text[:_TOLD_MAX]}…"


def unsupported(pointer: str, detail: str) -> Refusal:
    """Refuse something that the contract knows and this version does not do yet."""
    errors = (FieldError(pointer, detail),)
    title = "This version does not support what was asked for"
    return Refusal(422, "not-supported", title, f"`{pointer}`: {detail}", errors)


def too_large(pointer: str, detail: str) -> Refusal:
    """Refuse what is over a limit; nothing is cut off silently."""
    errors = (FieldError(pointer, detail),)
    return Refusal(413, "too-large", "The request is over a limit", detail, errors)


def misfit(error: msgspec.ValidationError, pointer: str = "") -> Refusal:
    """Refuse a body with an unknown, missing or mistyped field; `pointer` leads to the body."""
    found = _PLACE.fullmatch(str(error))
    reason, path = (found["reason"], found["path"]) if found else (str(error), "$")
    pointer += _pointer(path)
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


FAULT = Refusal(
    500, "internal", "We failed", "the request was not inspected: do not take it for passed"
)

_KINDS: Mapping[type[RefusedError], tuple[int, str, str]] = {
    UnauthenticatedError: (401, "unauthenticated", "Nobody knows who asks"),
    ForbiddenError: (403, "forbidden", "The caller may not do this"),
    NotFoundError: (404, "not-found", "There is no such thing"),
    ConflictError: (409, "conflict", "The state does not allow this"),
    DisabledError: (403, "disabled", "This is switched off"),
    LimitedError: (429, "limited", "Too much in too short a time"),
    OverloadedError: (503, "overloaded", "More is going on than can be served in time"),
    UnavailableError: (503, "unavailable", "Something that is needed does not answer"),
    DeadlineError: (504, "deadline", "The time for this request is over"),
}


def refusal_of(error: RefusedError) -> Refusal:
    """Say over HTTP why a request is not carried out."""
    status, kind, title = _KINDS[type(error)]
    return Refusal(status, kind, title, str(error), headers=dict(_headers(error)))


Given: TypeAlias = ContentError | LimitError | SettingError | PolicyError | UnreadError
"""What the core says of what was handed in."""


def refusal_of_given(error: Given, pointer: str = "") -> Refusal:
    """Say over HTTP what the core says of what was handed in under `pointer`."""
    if isinstance(error, UnreadError):
        place = f"{pointer}{error.place}"
        errors = (FieldError(_short(place), error.reason, error.readings),)
        detail = f"`{_short(place)}`: {error.reason}"
        return Refusal(422, "unread", "A condition is not understood in one way", detail, errors)
    if isinstance(error, PolicyError):
        errors = (FieldError(f"{pointer}/{error.file}", str(error)),)
        return Refusal(422, "invalid-policy", "This is no policy", str(error), errors)
    if isinstance(error, LimitError):
        return too_large(pointer, str(error))
    if isinstance(error, SettingError):
        return invalid(f"{pointer}/{error.setting}", error.reason)
    return invalid(f"{pointer}{error.path}", error.reason)


def allowance_headers(allowance: Allowance) -> list[tuple[str, str]]:
    """Write what is left of a limit, as the RateLimit header fields have it."""
    left = f"r={allowance.remaining};t={allowance.reset_seconds}"
    return [
        ("ratelimit", f'"{allowance.policy}";{left}'),
        ("ratelimit-policy", f'"{allowance.policy}";q={allowance.limit}'),
    ]


def _headers(error: RefusedError) -> list[tuple[str, str]]:
    if isinstance(error, UnauthenticatedError):
        return [("www-authenticate", 'Bearer realm="aidefence"')]
    if isinstance(error, LimitedError):
        return [*_retry(error.retry_after_ms), *allowance_headers(error.allowance)]
    if isinstance(error, OverloadedError):
        return _retry(error.retry_after_ms)
    return []


def _retry(after_ms: int) -> list[tuple[str, str]]:
    # In whole seconds, as the header has it; never so early that it is refused again.
    return [("retry-after", str(max(1, -(-after_ms // 1000))))]
