"""What a gateway refuses, as errors: the same that the library raises, where it has one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from aidefence.domain.errors import AIDefenceError, ContentError
from aidefence.domain.refusals import (
    Allowance,
    ConflictError,
    DeadlineError,
    DisabledError,
    ForbiddenError,
    LimitedError,
    NotFoundError,
    OverloadedError,
    UnauthenticatedError,
    UnavailableError,
)

_POLICY = re.compile(r'"(?P<policy>[^"]*)"')
_PARTS = re.compile(r"(?P<name>[rtq])=(?P<value>\d+)")
_RETRY_MS = 1000


class GatewayError(AIDefenceError):
    """The gateway answered with something that no other error stands for."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status

    def __reduce__(self) -> tuple[type[GatewayError], tuple[str, int]]:
        return type(self), (self.reason, self.status)


class FieldProblem(Struct):
    """What is wrong with one field."""

    pointer: str = ""
    detail: str = ""


class Problem(Struct):
    """A problem document (RFC 9457), as far as we need it."""

    type: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
    errors: list[FieldProblem] = []


_decode = msgspec.json.Decoder(Problem).decode
_Make: TypeAlias = Callable[[str], AIDefenceError]
_WRONG = frozenset(
    {
        *("invalid-field", "invalid-policy", "malformed-json", "not-supported", "too-large"),
        "unread",
    }
)
_BY_KIND: Mapping[str, _Make] = {
    "unauthenticated": UnauthenticatedError,
    "forbidden": ForbiddenError,
    "not-found": NotFoundError,
    "conflict": ConflictError,
    "disabled": DisabledError,
    "unavailable": UnavailableError,
    "deadline": DeadlineError,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> AIDefenceError:
    """Make an error out of an answer that is none."""
    try:
        problem = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem()
    return error_of_problem(problem, status, headers)


def error_of_problem(problem: Problem, status: int, headers: Mapping[str, str]) -> AIDefenceError:
    """Make an error out of a problem document."""
    told = problem.detail or problem.title or f"the gateway answered with status {status}"
    kind = problem.type.rpartition("/")[2]
    if kind == "limited":
        return LimitedError(told, retry_after_ms(headers) or _RETRY_MS, _allowance(headers))
    if kind == "overloaded":
        return OverloadedError(told, retry_after_ms(headers) or _RETRY_MS)
    if kind in _WRONG:
        wrong = problem.errors[0] if problem.errors else FieldProblem()
        return ContentError(wrong.detail or told, wrong.pointer)
    make = _BY_KIND.get(kind)
    return GatewayError(f"{status}: {told}", status) if make is None else make(told)


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """When to ask again, where the gateway says so in seconds."""
    given = headers.get("retry-after", "")
    return int(given) * 1000 if given.isdecimal() and len(given) <= len("86400") else None


def _allowance(headers: Mapping[str, str]) -> Allowance:
    left, policy = headers.get("ratelimit", ""), headers.get("ratelimit-policy", "")
    named = _POLICY.match(policy or left)
    parts = {it["name"]: int(it["value"]) for it in _PARTS.finditer(f"{left};{policy}")}
    name = named["policy"] if named else ""
    return Allowance(name, parts.get("q", 0), parts.get("r", 0), parts.get("t", 0))
