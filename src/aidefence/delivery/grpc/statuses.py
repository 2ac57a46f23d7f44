"""Refusals as statuses of gRPC, with details that a program can read (google.rpc)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from aidefence.delivery.http.problems import FieldError, Refusal, allowance_headers, refusal_of
from aidefence.domain.refusals import Allowance, LimitedError, OverloadedError, RefusedError

_DOMAIN = "aidefence"
_DETAILS = "grpc-status-details-bin"
CODES: Mapping[str, grpc.StatusCode] = {
    "malformed-message": grpc.StatusCode.INVALID_ARGUMENT,
    "malformed-json": grpc.StatusCode.INVALID_ARGUMENT,
    "invalid-field": grpc.StatusCode.INVALID_ARGUMENT,
    "not-supported": grpc.StatusCode.INVALID_ARGUMENT,
    # Not `resource exhausted`: clients would send the same again.
    "too-large": grpc.StatusCode.INVALID_ARGUMENT,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "forbidden": grpc.StatusCode.PERMISSION_DENIED,
    "disabled": grpc.StatusCode.PERMISSION_DENIED,
    "not-found": grpc.StatusCode.NOT_FOUND,
    "conflict": grpc.StatusCode.FAILED_PRECONDITION,
    "limited": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "overloaded": grpc.StatusCode.UNAVAILABLE,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "deadline": grpc.StatusCode.DEADLINE_EXCEEDED,
    "internal": grpc.StatusCode.INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Told:
    """Why something is not carried out, in the words of gRPC."""

    code: grpc.StatusCode
    kind: str
    detail: str
    http_status: int
    fields: tuple[FieldError, ...] = ()
    retry_after_ms: int = 0
    allowance: Allowance | None = None

    @property
    def number(self) -> int:
        """The code as it travels."""
        number: int = self.code.value[0]
        return number

    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Write the details for behind the answer."""
        status = Status(code=self.number, message=self.detail)
        for message in self._details():
            packed = Any()
            packed.Pack(message)
            status.details.append(packed)
        left = allowance_headers(self.allowance) if self.allowance else []
        return ((_DETAILS, status.SerializeToString()), *left)

    def _details(self) -> list[Message]:
        reason = self.kind.upper().replace("-", "_")
        details: list[Message] = [ErrorInfo(reason=reason, domain=_DOMAIN)]
        if self.fields:
            violations = [
                BadRequest.FieldViolation(field=it.pointer, description=it.detail)
                for it in self.fields
            ]
            details.append(BadRequest(field_violations=violations))
        if self.retry_after_ms:
            delay = Duration()
            delay.FromMilliseconds(self.retry_after_ms)
            details.append(RetryInfo(retry_delay=delay))
        if self.allowance:
            violation = QuotaFailure.Violation(
                subject=self.allowance.policy, description=self.detail
            )
            details.append(QuotaFailure(violations=[violation]))
        return details


def tell(error: Refusal | RefusedError) -> Told:
    """Say in the words of gRPC why something is not carried out."""
    refusal = error if isinstance(error, Refusal) else refusal_of(error)
    return Told(
        CODES[refusal.kind],
        refusal.kind,
        refusal.detail,
        refusal.status,
        refusal.errors,
        error.retry_after_ms if isinstance(error, LimitedError | OverloadedError) else 0,
        error.allowance if isinstance(error, LimitedError) else None,
    )
