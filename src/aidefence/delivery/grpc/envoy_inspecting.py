"""What a gateway's filter is told about a request or an answer that passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from aidefence.delivery.grpc.envoy_bodies import UNREAD_CHECK
from aidefence.delivery.grpc.generated.envoy.core_pb2 import HeaderValue, HeaderValueOption
from aidefence.delivery.grpc.methods import Call
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal, refusal_of
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Inspection
from aidefence.domain.enums import Action
from aidefence.domain.proxying import Unread
from aidefence.domain.refusals import LimitedError
from aidefence.service.services import Services
from aidefence.service.telling import BENIGN, core_action

DOOR = "envoy"
VERDICT = "x-aidefence-verdict"
ACTION = "x-aidefence-action"
REQUEST_ID = "x-aidefence-request-id"
DEGRADED = "x-aidefence-degraded"
HEADERS = (VERDICT, ACTION, REQUEST_ID, DEGRADED)
"""Headers that speak for us: whoever else sets them is overwritten."""

_FORBIDDEN = 403
_HEADER_LEN_MAX = 512
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class EnvoyOptions:
    """How a gateway's filters are served."""

    unread: Unread = Unread.BLOCK
    """What becomes of a body that cannot be read."""
    headers: tuple[str, ...] = ()
    """Headers of a request that are inspected with it, besides query and body."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to be done with what passes."""

    headers: tuple[tuple[str, str], ...]
    metadata: dict[str, str | float | bool]
    """For the gateway's own log; never a text."""
    status: int = 0
    """With which HTTP status it is refused; 0 if it passes."""
    body: bytes = b""

    @property
    def passes(self) -> bool:
        """Whether it is let through."""
        return self.status == 0

    def options(self) -> Iterator[HeaderValueOption]:
        """Write the headers as a gateway takes them, in the place of any that are there."""
        for name, value in self.headers:
            yield HeaderValueOption(
                header=HeaderValue(key=name, raw_value=value.encode("latin-1", "replace")),
                append_action=HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
            )

    def plain_options(self) -> Iterator[HeaderValueOption]:
        """Write the headers for a filter that knows no raw values."""
        for option in self.options():
            option.header.value = option.header.raw_value.decode("latin-1")
            option.header.raw_value = b""
            yield option


class EnvoyInspecting:
    """Asks the desk about what passes, and says what is to be done. Safe to share."""

    def __init__(self, services: Services, limits: Limits, options: EnvoyOptions) -> None:
        self._services = services
        self.limits = limits
        self.options = options

    async def rule(self, what: Inspection, call: Call, peer: str | None) -> Ruling:
        """Inspect, and say what is to be done.

        Raises:
            RefusedError: it was not inspected; what happens then is the gateway's to say.

        """
        if not what.contents and not what.unread:
            return Ruling((), {})
        services = self._services
        now_ns = services.clock.monotonic_ns()
        request = Request(
            what,
            services.ids.request_id(),
            DOOR,
            call.caller,
            peer,
            since_ns=now_ns,
            deadline_ns=call.deadline_ns(now_ns),
        )
        return self._ruling(request.id, await services.desk.aask(request))

    def refuse(self, error: Refusal | LimitedError) -> Ruling:
        """Say that something was refused before it was inspected: too large, too often."""
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        self._services.meter.refuse(DOOR, refusal.status)
        body = _error(refusal.detail, f"aidefence_{refusal.kind.replace('-', '_')}", refusal.kind)
        headers = (("content-type", "application/json"), *refusal.headers.items())
        return Ruling(headers, {"refused": refusal.kind}, refusal.status, body)

    def _ruling(self, request_id: str, found: Detection) -> Ruling:
        unread = any(it.check == UNREAD_CHECK for it in found.degraded)
        blocked = found.enforced and core_action(found.action) is Action.BLOCK
        kept_out = unread and found.enforced and self.options.unread is Unread.BLOCK
        # What could not be read is not called benign.
        verdict = "attack" if found.detected else "unread" if unread else "benign"
        action = Action.BLOCK if kept_out else found.action
        headers = [(VERDICT, verdict), (ACTION, action.value), (REQUEST_ID, request_id)]
        if found.degraded:
            checks = ", ".join(dict.fromkeys(it.check for it in found.degraded))
            headers.append((DEGRADED, checks[:_HEADER_LEN_MAX]))
        metadata: dict[str, str | float | bool] = {
            "verdict": verdict,
            "action": action.value,
            "enforced": found.enforced,
            "category": found.category.value if found.category else BENIGN,
            "confidence": found.decision.confidence,
            "request_id": request_id,
        }
        if not (blocked or kept_out):
            return Ruling(tuple(headers), metadata)
        code = "unread" if kept_out and not blocked else str(metadata["category"])
        body = _error("this was blocked by policy", "aidefence_blocked", code, request_id)
        headers.append(("content-type", "application/json"))
        return Ruling(tuple(headers), metadata, _FORBIDDEN, body)


def _error(message: str, kind: str, code: str, request_id: str | None = None) -> bytes:
    # The shape in which clients of models read errors.
    told = {"message": message, "type": kind, "code": code}
    return _encode({"error": told if request_id is None else {**told, "request_id": request_id}})
