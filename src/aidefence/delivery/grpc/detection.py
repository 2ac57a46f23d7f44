"""Detection by call, by batch and by stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache

from aidefence.delivery.grpc.answers import write_aggregates, write_answer, write_problem
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.methods import DOOR, Call, Method, Shape
from aidefence.delivery.grpc.requests import (
    Asked,
    check_count,
    read_parallelism,
    read_request,
    read_requests,
)
from aidefence.delivery.grpc.statuses import tell
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal
from aidefence.domain.access import Permission
from aidefence.domain.asking import Detection, Request
from aidefence.domain.refusals import RefusedError
from aidefence.service.services import Services

SERVICE = "aidefence.v2.Detection"

# Up to here an inspection takes less time than a visit to another thread.
_INLINE_BYTES_MAX = 64 << 10


class DetectionMethods:
    """Answers for the service `aidefence.v2.Detection`."""

    def __init__(self, services: Services, limits: Limits) -> None:
        self._services = services
        self._limits = limits
        self._now_ns = services.clock.monotonic_ns
        # Made anew only when an operator puts other knowledge in force.
        self._metadata = lru_cache(maxsize=1)(self._make_metadata)

    def methods(self) -> list[Method]:
        """List what can be called."""
        detect = Permission.DETECT
        return [
            Method(SERVICE, "Detect", Shape.UNARY, pb.DetectRequest, detect, self._one),
            Method(SERVICE, "DetectBatch", Shape.UNARY, pb.DetectBatchRequest, detect, self._many),
            Method(SERVICE, "DetectStream", Shape.STREAM, pb.StreamRequest, detect, self._stream),
        ]

    async def _one(self, message: pb.DetectRequest, call: Call) -> pb.DetectResponse:
        since_ns = self._now_ns()
        if message.ByteSize() > _INLINE_BYTES_MAX:
            answer, detection = await asyncio.to_thread(self._aside, message, call, since_ns)
        else:
            asked = read_request(message, self._limits)
            request = self._request(asked, call, since_ns)
            detection = await self._services.desk.aask(request)
            answer = self._write(asked, request, detection, self._now_ns() - since_ns)
        call.tell_allowance(detection.allowance)
        return answer

    def _aside(
        self, message: pb.DetectRequest, call: Call, since_ns: int
    ) -> tuple[pb.DetectResponse, Detection]:
        asked = read_request(message, self._limits)
        request = self._request(asked, call, since_ns)
        detection = self._services.desk.ask(request)
        return self._write(asked, request, detection, self._now_ns() - since_ns), detection

    async def _many(self, message: pb.DetectBatchRequest, call: Call) -> pb.DetectBatchResponse:
        since_ns = self._now_ns()
        answer, detections = await asyncio.to_thread(self._batch, message, call, since_ns)
        call.tell_allowance(detections[0].allowance)
        return answer

    def _batch(
        self, message: pb.DetectBatchRequest, call: Call, since_ns: int
    ) -> tuple[pb.DetectBatchResponse, Sequence[Detection]]:
        items = read_requests(message.requests, self._limits)
        threads = read_parallelism(message.max_parallelism)
        requests = [self._request(asked, call, since_ns) for asked in items]
        found = self._services.desk.ask_all(requests, threads=threads, since_ns=since_ns)
        results = [
            self._write(asked, request, detection, detection.decision.elapsed_ns)
            for asked, request, detection in zip(items, requests, found, strict=True)
        ]
        answer = pb.DetectBatchResponse(
            batch_id=self._services.ids.batch_id(),
            total_requests=len(items),
            processed_requests=len(results),
            results=results,
        )
        if message.aggregate_results:
            answer.aggregates.CopyFrom(write_aggregates(found, self._now_ns() - since_ns))
        return answer, found

    async def _stream(
        self, messages: AsyncIterator[pb.StreamRequest], call: Call
    ) -> AsyncIterator[pb.StreamResponse]:
        # The next message is read when this one is answered: who sends faster than they read
        # fills the window of HTTP/2, not our memory.
        async for message in messages:
            if len(message.requests) == 1 and message.ByteSize() <= _INLINE_BYTES_MAX:
                answer = await self._streamed(message.requests[0], call)
                yield pb.StreamResponse(answers=[answer])
            else:
                yield await asyncio.to_thread(self._streamed_many, message, call)

    async def _streamed(self, message: pb.DetectRequest, call: Call) -> pb.StreamAnswer:
        since_ns = self._now_ns()
        try:
            asked = read_request(message, self._limits)
            request = self._request(asked, call, since_ns)
            detection = await self._services.desk.aask(request)
        except (Refusal, RefusedError) as error:
            return self._problem(message, error)
        response = self._write(asked, request, detection, self._now_ns() - since_ns)
        return pb.StreamAnswer(id=message.id, response=response)

    def _streamed_many(self, message: pb.StreamRequest, call: Call) -> pb.StreamResponse:
        check_count(len(message.requests), self._limits)
        since_ns = self._now_ns()
        told: list[pb.StreamAnswer | None] = []
        asked: list[Asked] = []
        for it in message.requests:
            try:
                asked.append(read_request(it, self._limits))
                told.append(None)
            except Refusal as error:
                told.append(self._problem(it, error))
        requests = [self._request(it, call, since_ns) for it in asked]
        try:
            found = self._services.desk.ask_all(requests, since_ns=since_ns)
        except RefusedError as error:
            answers = [
                it or self._problem(request, error)
                for it, request in zip(told, message.requests, strict=True)
            ]
            return pb.StreamResponse(answers=answers)
        answered = iter(zip(asked, requests, found, strict=True))
        answers = [
            it or self._answered(*next(answered), name=request.id)
            for it, request in zip(told, message.requests, strict=True)
        ]
        return pb.StreamResponse(answers=answers)

    def _answered(
        self, asked: Asked, request: Request, detection: Detection, *, name: str
    ) -> pb.StreamAnswer:
        response = self._write(asked, request, detection, detection.decision.elapsed_ns)
        return pb.StreamAnswer(id=name, response=response)

    def _problem(self, message: pb.DetectRequest, error: Refusal | RefusedError) -> pb.StreamAnswer:
        told = tell(error)
        self._services.meter.refuse(DOOR, told.http_status)
        return pb.StreamAnswer(id=message.id[:256], problem=write_problem(told))

    def _request(self, asked: Asked, call: Call, since_ns: int) -> Request:
        return Request(
            asked.what,
            self._services.ids.request_id(),
            DOOR,
            call.caller,
            call.peer,
            asked.conditions,
            asked.context,
            asked.priority,
            since_ns,
        )

    def _write(
        self, asked: Asked, request: Request, detection: Detection, elapsed_ns: int
    ) -> pb.DetectResponse:
        metadata = self._metadata(detection.decision.policy_version)
        return write_answer(asked, request.id, detection, elapsed_ns, metadata)

    def _make_metadata(self, policy_version: str) -> pb.Metadata:
        return pb.Metadata(
            detector_versions=self._services.versions,
            policy_version=policy_version,
            edge_node=self._services.node,
        )
