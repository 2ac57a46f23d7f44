"""Errors as GraphQL tells them: a message, where, and a code that a program can read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from aidefence.delivery.graphql.types import FieldProblem, Problem
from aidefence.delivery.http.problems import FAULT, Refusal, refusal_of
from aidefence.domain.refusals import LimitedError, OverloadedError, RefusedError

INVALID = "invalid-operation"
_MESSAGE_LEN_MAX = 400
_log = logging.getLogger("aidefence.graphql")


def unfit(reason: str, status: int = 400) -> Refusal:
    """Refuse an operation before anything of it is carried out."""
    return Refusal(status, INVALID, "The operation is not valid", reason)


def tell_problem(refusal: Refusal) -> Problem:
    """Say why one request among many was not carried out."""
    fields = [FieldProblem(pointer=it.pointer, detail=it.detail) for it in refusal.errors]
    return Problem(code=_code(refusal), detail=refusal.detail, fields=fields)


def tell_refusal(refusal: Refusal) -> dict[str, Any]:
    """Write a refusal of a whole operation."""
    return {"message": refusal.detail, "extensions": _extensions(refusal, 0)}


def tell_error(error: GraphQLError) -> dict[str, Any]:
    """Write one error of an operation; a fault of ours shows nothing but that it is one."""
    cause = error.original_error
    told: dict[str, Any]
    if isinstance(cause, Refusal | RefusedError):
        refusal = cause if isinstance(cause, Refusal) else refusal_of(cause)
        after_ms = cause.retry_after_ms if isinstance(cause, LimitedError | OverloadedError) else 0
        told = {"message": refusal.detail, "extensions": _extensions(refusal, after_ms)}
    elif cause is None or error.path is None:
        # GraphQL's own: syntax, validation, variables that do not fit. It may quote what was sent.
        refusal = unfit(error.message[:_MESSAGE_LEN_MAX])
        told = {"message": refusal.detail, "extensions": _extensions(refusal, 0)}
    else:
        _log.error("field %s failed", error.path, exc_info=cause)
        told = {"message": FAULT.detail, "extensions": _extensions(FAULT, 0)}
    if error.locations:
        told["locations"] = [{"line": it.line, "column": it.column} for it in error.locations]
    if error.path is not None:
        told["path"] = error.path
    return told


def _extensions(refusal: Refusal, after_ms: int) -> Mapping[str, Any]:
    told: dict[str, Any] = {"code": _code(refusal), "status": refusal.status}
    if refusal.errors:
        told["fields"] = [{"pointer": it.pointer, "detail": it.detail} for it in refusal.errors]
    if after_ms:
        told["retryAfterMs"] = after_ms
    return told


def _code(refusal: Refusal) -> str:
    return refusal.kind.upper().replace("-", "_")
