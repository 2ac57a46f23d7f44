"""Envoy's external processing: bodies of requests and answers are inspected as they pass.

The filter must send whole bodies (`BUFFERED`): what comes in pieces would be on its way before its
end is known. A filter that sends pieces is told so, and its stream ends with an error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace

from google.protobuf.struct_pb2 import Struct

from aidefence.delivery.grpc.envoy_bodies import Body, read_body, read_target
from aidefence.delivery.grpc.envoy_inspecting import (
    HEADERS,
    EnvoyInspecting,
    Ruling,
)
from aidefence.delivery.grpc.generated.envoy import ext_proc_pb2 as pb
from aidefence.delivery.grpc.generated.envoy.core_pb2 import HeaderMap
from aidefence.delivery.grpc.generated.envoy.type_pb2 import HttpStatus
from aidefence.delivery.grpc.methods import Call, Method, Shape
from aidefence.delivery.http.problems import Refusal, unsupported
from aidefence.domain.access import Permission
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Direction
from aidefence.domain.refusals import LimitedError

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"

_NONE, _BUFFERED = 0, 2
_NAMESPACE = "aidefence"
_PEER = "source.address"


@dataclass(slots=True)
class _Passage:
    """One HTTP request and its answer, as far as they have passed."""

    call: Call
    peer: str | None = None
    heads: dict[Direction, dict[str, str]] = field(default_factory=dict)
    asked: tuple[Content, ...] = ()
    """What was said before the body; with the body it is inspected together."""
    bodies: set[Direction] = field(default_factory=set)


class ExtProcMethods:
    """Answers for the service that Envoy's `ext_proc` filter calls."""

    def __init__(self, inspecting: EnvoyInspecting) -> None:
        self._inspecting = inspecting

    def methods(self) -> list[Method]:
        """List what can be called."""
        request, permission = pb.ProcessingRequest, Permission.DETECT
        return [Method(SERVICE, "Process", Shape.STREAM, request, permission, self._process)]

    async def _process(
        self, messages: AsyncIterator[pb.ProcessingRequest], call: Call
    ) -> AsyncIterator[pb.ProcessingResponse]:
        passage = _Passage(call)
        async for message in messages:
            _check_modes(message)
            passage.peer = passage.peer or _peer(message)
            answer = await self._answer(message, passage)
            if message.observability_mode:
                continue
            yield answer
            if answer.HasField("immediate_response"):
                return

    async def _answer(
        self, message: pb.ProcessingRequest, passage: _Passage
    ) -> pb.ProcessingResponse:
        match message.WhichOneof("request"):
            case "request_headers":
                head = _read_head(message.request_headers.headers)
                passage.heads[Direction.INPUT] = head
                ruling = await self._head(head, passage)
                return _told(ruling, pb.ProcessingResponse(request_headers=_passing(ruling)))
            case "response_headers":
                head = _read_head(message.response_headers.headers)
                passage.heads[Direction.OUTPUT] = head
                return pb.ProcessingResponse(response_headers=_passing(Ruling((), {})))
            case "request_body":
                ruling = await self._body(message.request_body, Direction.INPUT, passage)
                return _told(ruling, pb.ProcessingResponse(request_body=_passed(ruling)))
            case "response_body":
                ruling = await self._body(message.response_body, Direction.OUTPUT, passage)
                return _told(ruling, pb.ProcessingResponse(response_body=_passed(ruling)))
            case "request_trailers":
                return pb.ProcessingResponse(request_trailers=pb.TrailersResponse())
            case "response_trailers":
                return pb.ProcessingResponse(response_trailers=pb.TrailersResponse())
            case _:
                raise unsupported("/request", "this version knows no such part of a request")

    async def _head(self, head: dict[str, str], passage: _Passage) -> Ruling:
        named = self._inspecting.options.headers
        said = (Content(head[name]) for name in named if head.get(name))
        passage.asked = (*read_target(head.get(":path", "")), *said)
        return await self._rule(Inspection(passage.asked), passage)

    async def _body(self, came: pb.HttpBody, direction: Direction, passage: _Passage) -> Ruling:
        if direction in passage.bodies:
            raise _in_pieces("the body")
        passage.bodies.add(direction)
        head = passage.heads.get(direction, {})
        encoding, kind = head.get("content-encoding", ""), head.get("content-type", "")
        body = Body(came.body, kind, encoding, direction)
        try:
            inspection = read_body(body, self._inspecting.limits)
        except Refusal as refusal:
            return self._inspecting.refuse(refusal)
        if direction is Direction.INPUT and passage.asked:
            inspection = replace(inspection, contents=(*passage.asked, *inspection.contents))
        return await self._rule(inspection, passage)

    async def _rule(self, what: Inspection, passage: _Passage) -> Ruling:
        try:
            return await self._inspecting.rule(what, passage.call, passage.peer)
        except LimitedError as error:
            # Every other refusal ends the stream: the filter's configuration says what then.
            return self._inspecting.refuse(error)


def _check_modes(message: pb.ProcessingRequest) -> None:
    if not message.HasField("protocol_config"):
        return
    config = message.protocol_config
    modes = {"request": config.request_body_mode, "response": config.response_body_mode}
    for name, mode in modes.items():
        if mode not in {_NONE, _BUFFERED}:
            raise _in_pieces(f"the {name} body")


def _in_pieces(what: str) -> Refusal:
    reason = f"{what} comes in pieces: set its mode to BUFFERED in the filter's `processing_mode`"
    return unsupported("/protocol_config", reason)


def _read_head(headers: HeaderMap) -> dict[str, str]:
    return {
        it.key.lower(): it.raw_value.decode("utf-8", "replace") if it.raw_value else it.value
        for it in headers.headers
    }


def _peer(message: pb.ProcessingRequest) -> str | None:
    for properties in message.attributes.values():
        if _PEER in properties.fields:
            host, _, _ = properties.fields[_PEER].string_value.rpartition(":")
            return host.strip("[]") or None
    return None


def _told(ruling: Ruling, answer: pb.ProcessingResponse) -> pb.ProcessingResponse:
    if not ruling.passes:
        answer = pb.ProcessingResponse(
            immediate_response=pb.ImmediateResponse(
                status=HttpStatus(code=ruling.status),
                headers=pb.HeaderMutation(set_headers=ruling.options()),
                body=ruling.body,
                details="aidefence_refused",
            )
        )
    if ruling.metadata:
        inner = Struct()
        inner.update(ruling.metadata)
        answer.dynamic_metadata.fields[_NAMESPACE].struct_value.CopyFrom(inner)
    return answer


def _passing(ruling: Ruling) -> pb.HeadersResponse:
    # Whatever a client or an upstream says in our name is taken off, unless we say it anew.
    ours = {name for name, _ in ruling.headers}
    return pb.HeadersResponse(response=_common(ruling, (it for it in HEADERS if it not in ours)))


def _passed(ruling: Ruling) -> pb.BodyResponse:
    return pb.BodyResponse(response=_common(ruling, ()))


def _common(ruling: Ruling, removed: Iterable[str]) -> pb.CommonResponse:
    return pb.CommonResponse(
        header_mutation=pb.HeaderMutation(set_headers=ruling.options(), remove_headers=removed)
    )
