"""Envoy's external authorization: one question before a request goes on its way."""

from __future__ import annotations

import grpc
from google.rpc.status_pb2 import Status

from aidefence.delivery.grpc.envoy_bodies import UNREAD_CHECK, Body, read_body, read_target
from aidefence.delivery.grpc.envoy_inspecting import HEADERS, EnvoyInspecting, Ruling
from aidefence.delivery.grpc.generated.envoy import ext_authz_pb2 as pb
from aidefence.delivery.grpc.generated.envoy.type_pb2 import HttpStatus
from aidefence.delivery.grpc.methods import Call, Method, Shape
from aidefence.delivery.http.problems import Refusal
from aidefence.domain.access import Permission
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.refusals import LimitedError

SERVICE = "envoy.service.auth.v3.Authorization"

_OK = grpc.StatusCode.OK.value[0]
_DENIED = grpc.StatusCode.PERMISSION_DENIED.value[0]
_PARTIAL = "x-envoy-auth-partial-body"


class ExtAuthzMethods:
    """Answers for the service that Envoy's `ext_authz` filter calls."""

    def __init__(self, inspecting: EnvoyInspecting) -> None:
        self._inspecting = inspecting

    def methods(self) -> list[Method]:
        """List what can be called."""
        request, permission = pb.CheckRequest, Permission.DETECT
        return [Method(SERVICE, "Check", Shape.UNARY, request, permission, self._check)]

    async def _check(self, message: pb.CheckRequest, call: Call) -> pb.CheckResponse:
        attributes = message.attributes
        peer = attributes.source.address.socket_address.address or None
        try:
            what = self._read(attributes.request.http)
            ruling = await self._inspecting.rule(what, call, peer)
        except (Refusal, LimitedError) as error:
            # Every other refusal ends the call: the filter's configuration says what then.
            ruling = self._inspecting.refuse(error)
        return _answer(ruling)

    def _read(self, http: pb.AttributeContext.HttpRequest) -> Inspection:
        headers = _headers(http)
        contents = [*read_target(http.path)]
        named = self._inspecting.options.headers
        contents += (Content(headers[name]) for name in named if headers.get(name))
        kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
        data = http.raw_body or http.body.encode()
        said = read_body(Body(data, kind, encoding), self._inspecting.limits)
        unread = said.unread
        if headers.get(_PARTIAL, "").lower() == "true":
            unread = (*unread, Degraded(UNREAD_CHECK, "the filter sent only the beginning of it"))
        return Inspection((*contents, *said.contents), unread=unread)


def _headers(http: pb.AttributeContext.HttpRequest) -> dict[str, str]:
    if not http.HasField("header_map"):
        return dict(http.headers)
    return {
        it.key.lower(): it.raw_value.decode("utf-8", "replace") if it.raw_value else it.value
        for it in http.header_map.headers
    }


def _answer(ruling: Ruling) -> pb.CheckResponse:
    if ruling.passes:
        ours = {name for name, _ in ruling.headers}
        passing = pb.OkHttpResponse(
            headers=ruling.plain_options(),
            headers_to_remove=[it for it in HEADERS if it not in ours],
        )
        answer = pb.CheckResponse(status=Status(code=_OK), ok_response=passing)
    else:
        denied = pb.DeniedHttpResponse(
            status=HttpStatus(code=ruling.status),
            headers=ruling.plain_options(),
            body=ruling.body.decode(),
        )
        answer = pb.CheckResponse(status=Status(code=_DENIED), denied_response=denied)
    answer.dynamic_metadata.update(ruling.metadata)
    return answer
