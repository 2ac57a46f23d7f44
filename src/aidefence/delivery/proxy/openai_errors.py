"""Errors as the two OpenAI dialects write them."""

from __future__ import annotations

from aidefence.delivery.http.problems import Refusal

_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
_SERVER = "server_error"


def openai_error(refusal: Refusal) -> dict[str, object]:
    """Write a refusal as an error object; the code is our kind of problem."""
    kind = _BY_STATUS.get(refusal.status, _SERVER)
    code = refusal.kind.replace("-", "_")
    return {
        "error": {"message": refusal.detail, "type": kind, "param": None, "code": code},
    }
