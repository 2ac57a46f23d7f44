"""What JSON-RPC calls our refusals. The protocol leaves -32000 to -32019 to implementations."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from aidefence.domain.refusals import (
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


class Code(IntEnum):
    """Error codes that clients meet at our door and behind our proxy."""

    PARSE = -32700
    INVALID = -32600
    PARAMS = -32602
    FAULT = -32603
    BLOCKED = -32010
    LIMITED = -32011
    UNAVAILABLE = -32012
    DEADLINE = -32013
    FORBIDDEN = -32014
    CONFLICT = -32015


_CODES: Mapping[type[RefusedError], Code] = {
    UnauthenticatedError: Code.FORBIDDEN,
    ForbiddenError: Code.FORBIDDEN,
    NotFoundError: Code.PARAMS,
    ConflictError: Code.CONFLICT,
    DisabledError: Code.FORBIDDEN,
    LimitedError: Code.LIMITED,
    OverloadedError: Code.LIMITED,
    UnavailableError: Code.UNAVAILABLE,
    DeadlineError: Code.DEADLINE,
}


def code_of(error: RefusedError) -> Code:
    """Give the code for a request that is not carried out."""
    return _CODES[type(error)]


def data_of(error: RefusedError) -> dict[str, int] | None:
    """Say when it makes sense to ask again, where somebody knows."""
    if isinstance(error, LimitedError | OverloadedError):
        return {"retryAfterMs": error.retry_after_ms}
    return None
