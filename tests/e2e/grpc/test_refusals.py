"""What is refused, with which status, and what a program can read of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import grpc
import pytest
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.grpc_door import DETECTION, Client, Serve

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.requests import read_request
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal
from aidefence.domain.access import Caller, Credentials, Permission, Role
from aidefence.domain.asking import Request
from aidefence.domain.refusals import (
    Allowance,
    LimitedError,
    OverloadedError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)
from aidefence.service.desk import Desk
from aidefence.service.gate import Gate
from aidefence.service.services import Services

pytestmark = pytest.mark.anyio

_LEFT = Allowance("detect", 10, 0, 7)


async def _refused(
    client: Client, request: pb.DetectRequest, **options: object
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.detect(request, **options)
    return caught.value


def _status(error: grpc.aio.AioRpcError) -> Status:
    found = dict(error.trailing_metadata())
    return Status.FromString(found["grpc-status-details-bin"])


def _detail(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    for packed in _status(error).details:
        if packed.Is(kind.DESCRIPTOR):
            message = kind()
            packed.Unpack(message)
            return message
    raise AssertionError(f"no {kind.__name__} in the status")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.DetectRequest(), "/text"),
        (pb.DetectRequest(id="x" * 257, text="a"), "/id"),
        (pb.DetectRequest(text="x" * 20_001), "/text"),
        (pb.DetectRequest(conversation=pb.Conversation()), "/conversation/messages"),
        (
            pb.DetectRequest(conversation=pb.Conversation(messages=[pb.Message(role="king")])),
            "/conversation/messages",
        ),
        (pb.DetectRequest(json=b"1"), "/json"),
        (pb.DetectRequest(json=b'{"url": "http://x"}'), "/json/url"),
        (pb.DetectRequest(text="a", options=pb.Options(threshold=1.1)), "/options/threshold"),
        (pb.DetectRequest(text="a", options=pb.Options(threshold=math.nan)), "/options/threshold"),
        (pb.DetectRequest(text="a", options=pb.Options(detectors=["x"])), "/options/detectors"),
        (
            pb.DetectRequest(text="a", options=pb.Options(detectors=["temporal"] * 17)),
            "/options/detectors",
        ),
        (
            pb.DetectRequest(text="a", options=pb.Options(priority=99)),  # type: ignore[arg-type]
            "/options/priority",
        ),
        (pb.DetectRequest(text="a", direction=9), "/direction"),  # type: ignore[arg-type]
        (pb.DetectRequest(text="a", origin=9), "/origin"),  # type: ignore[arg-type]
    ],
)
async def test_a_wrong_field_is_named(serve: Serve, request_: pb.DetectRequest, field: str) -> None:
    async with serve() as client:
        error = await _refused(client, request_)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    violations = _detail(error, BadRequest).field_violations
    assert violations[0].field.startswith(field)
    assert violations[0].description
    assert _detail(error, ErrorInfo).domain == "aidefence"


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b'"\xed\xa0\x80"'])
async def test_json_that_is_none(serve: Serve, data: bytes) -> None:
    async with serve() as client:
        error = await _refused(client, pb.DetectRequest(json=data))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith("`/json`")


async def test_a_wrong_request_of_a_batch_is_told_in_its_place(serve: Serve) -> None:
    requests = [pb.DetectRequest(text="a"), pb.DetectRequest(id="w"), pb.DetectRequest(text="b")]
    async with serve() as client:
        answer = await client.batch(
            pb.DetectBatchRequest(requests=requests, aggregate_results=True)
        )
        alone = await client.batch(pb.DetectBatchRequest(requests=[requests[1]]))
    assert [it.WhichOneof("outcome") for it in answer.results] == [
        "response",
        "problem",
        "response",
    ]
    problem = answer.results[1].problem
    assert answer.results[1].id == "w"
    assert problem.kind == "invalid-field"
    assert [it.field for it in problem.fields] == ["/requests/1/text"]
    assert (answer.total_requests, answer.processed_requests) == (3, 2)
    assert (alone.total_requests, alone.processed_requests) == (1, 0)


async def test_what_is_wrong_about_a_batch_refuses_it(serve: Serve) -> None:
    one = [pb.DetectRequest(text="a")]
    async with serve() as client:
        for batch, field in (
            (pb.DetectBatchRequest(), "/requests"),
            (pb.DetectBatchRequest(requests=one * 21), "/requests"),
            (pb.DetectBatchRequest(requests=one, max_parallelism=5000), "/max_parallelism"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await client.batch(batch)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert _detail(caught.value, BadRequest).field_violations[0].field == field


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x05ab", b"\x12\x02\xff\xfe"])
async def test_a_malformed_message_is_the_clients_fault(serve: Serve, data: bytes) -> None:
    async with serve() as client:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.channel.unary_unary(f"{DETECTION}Detect")(data)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        # A stream cannot go on behind a message that nobody understands.
        stream = client.channel.stream_stream(f"{DETECTION}DetectStream")()
        await stream.write(data)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_huge_message_is_refused_before_it_is_read(serve: Serve) -> None:
    async with serve() as client:
        error = await _refused(client, pb.DetectRequest(text="x" * 300_000))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await client.detect(pb.DetectRequest(text="still here"))).request_id


async def test_an_unknown_method(serve: Serve) -> None:
    async with serve() as client:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.channel.unary_unary("/aidefence.v2.Detection/Guess")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def _only(key: str, permission: Permission) -> Gate:
    def identify(credentials: Credentials) -> Caller:
        if credentials.key != key:
            raise UnauthenticatedError("no such key")
        return Caller("one", Role.SERVICE, frozenset({permission}))

    return Gate(identify)


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ([("x-api-key", "good")], None),
        ([("authorization", "Bearer good")], None),
        ([("api-key", "good")], None),
        ([("x-aidefence-key", "good"), ("x-api-key", "somebody else")], None),
        ([("authorization", "Basic good")], grpc.StatusCode.UNAUTHENTICATED),
        ([("cookie", "aidefence_session=good")], grpc.StatusCode.UNAUTHENTICATED),
        ([("x-api-key", "bad")], grpc.StatusCode.UNAUTHENTICATED),
        ([], grpc.StatusCode.UNAUTHENTICATED),
    ],
)
async def test_credentials(
    serve: Serve, metadata: list[tuple[str, str]], code: grpc.StatusCode | None
) -> None:
    async with serve(gate=_only("good", Permission.DETECT)) as client:
        if code is None:
            assert await client.detect(pb.DetectRequest(text="a"), metadata=metadata)
            stream = client.stream(metadata=metadata)
            await stream.write(pb.StreamRequest(requests=[pb.DetectRequest(text="a")]))
            assert await stream.read()
            return
        error = await _refused(client, pb.DetectRequest(text="a"), metadata=metadata)
        assert error.code() is code
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await client.stream(metadata=metadata).read()
        assert caught.value.code() is code


async def test_whoever_may_not_is_told_so(serve: Serve) -> None:
    async with serve(gate=_only("good", Permission.READ_RULES)) as client:
        metadata = [("x-api-key", "good")]
        error = await _refused(client, pb.DetectRequest(text="a"), metadata=metadata)
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


class _Refusing:
    """An admission that lets nobody in, for a reason."""

    waits = False

    def __init__(self, error: RefusedError) -> None:
        self._error = error

    def admit(self, _request: Request, _cost: int = 1) -> Allowance | None:
        raise self._error


class _Counting:
    """An admission that says what is left."""

    waits = False

    def admit(self, _request: Request, cost: int = 1) -> Allowance | None:
        return Allowance("detect", 10, 10 - cost, 3)


@pytest.fixture
def desk_with(services: Services) -> Callable[[object], Desk]:
    def make(admission: object) -> Desk:
        desk = services.desk
        return Desk(desk.standing, admission, desk._log, desk._meter)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LimitedError("too fast", 1500, _LEFT), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (OverloadedError("too much", 1500), grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_limits_say_when_to_come_again(
    serve: Serve,
    desk_with: Callable[[object], Desk],
    error: RefusedError,
    code: grpc.StatusCode,
) -> None:
    async with serve(desk=desk_with(_Refusing(error))) as client:
        told = await _refused(client, pb.DetectRequest(text="a"))
        assert told.code() is code
        delay = _detail(told, RetryInfo).retry_delay
        assert delay.ToMilliseconds() == 1500
        if isinstance(error, LimitedError):
            assert _detail(told, QuotaFailure)
            assert dict(told.trailing_metadata())["ratelimit"] == '"detect";r=0;t=7'
        stream = client.stream()
        for count in (1, 3):
            requests = [pb.DetectRequest(id="x", text="a")] * count
            await stream.write(pb.StreamRequest(requests=requests))
            answers = (await stream.read()).outcomes
            assert len(answers) == count
            assert {it.problem.retry_after_ms for it in answers} == {1500}
            assert {it.problem.code for it in answers} == {code.value[0]}


async def test_what_does_not_answer(serve: Serve, desk_with: Callable[[object], Desk]) -> None:
    refusing = _Refusing(UnavailableError("the counter does not answer"))
    async with serve(desk=desk_with(refusing)) as client:
        error = await _refused(client, pb.DetectRequest(text="a"))
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_what_is_left_of_a_limit_stands_behind_the_answer(
    serve: Serve, desk_with: Callable[[object], Desk]
) -> None:
    async with serve(desk=desk_with(_Counting())) as client:
        call = client.detect(pb.DetectRequest(text="a"))
        await call
        assert dict(await call.trailing_metadata())["ratelimit"] == '"detect";r=9;t=3'


async def test_a_fault_of_ours_shows_nothing_of_the_text(
    serve: Serve, desk_with: Callable[[object], Desk]
) -> None:
    class Broken:
        waits = False

        def admit(self, request: Request, _cost: int = 1) -> Allowance | None:
            raise ZeroDivisionError(request.what)

    async with serve(desk=desk_with(Broken())) as client:
        error = await _refused(client, pb.DetectRequest(text="xyzzy"))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "xyzzy" not in str(error)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes in, parsing either gives something to inspect or refuses it."""
    try:
        message = pb.DetectRequest.FromString(data)
    except DecodeError:
        return
    with suppress(Refusal):
        read_request(message, Limits())
