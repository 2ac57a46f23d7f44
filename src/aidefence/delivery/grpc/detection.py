"""Detection by call, by batch and by stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache

from aidefence.delivery.grpc.answers import write_aggregates, write_answer, write_problem
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.methods import DOOR, Call, Method, Shape
from aidefence.delivery.grpc.requests import (
    NAME_LEN_MAX,
    Asked,
    Wrong,
    read_parallelism,
    read_request,
    read_requests,
)
from aidefence.delivery.grpc.statuses import tell
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.problems import Refusal
from aidefence.domain.access import Permission
from aidefence.domain.asking import Detection, Request
from aidefence.domain.refusals import Allowance, RefusedError
from aidefence.service.services import Services

SERVICE = "aidefence.v2.Detection"

# Up to here reading a message takes less time than a visit to another thread.
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
        answer, detection = await self._ask(message, call)
        call.tell_allowance(detection.allowance)
        return answer

    async def _ask(
        self, message: pb.DetectRequest, call: Call
    ) -> tuple[pb.DetectResponse, Detection]:
        since_ns = self._now_ns()
        if message.ByteSize() > _INLINE_BYTES_MAX:
            asked = await asyncio.to_thread(read_request, message, self._limits)
        else:
            asked = read_request(message, self._limits)
        request = self._request(asked, call, since_ns)
        detection = await self._services.desk.aask(request)
        return self._write(asked, request, detection, self._now_ns() - since_ns), detection

    async def _many(self, message: pb.DetectBatchRequest, call: Call) -> pb.DetectBatchResponse:
        since_ns = self._now_ns()
        answer, allowance = await asyncio.to_thread(self._batch, message, call, since_ns)
        call.tell_allowance(allowance)
        return answer

    def _batch(
        self, message: pb.DetectBatchRequest, call: Call, since_ns: int
    ) -> tuple[pb.DetectBatchResponse, Allowance | None]:
        items = read_requests(message.requests, self._limits)
        threads = read_parallelism(message.max_parallelism)
        outcomes, found = self._each(items, call, since_ns, threads)
        answer = pb.DetectBatchResponse(
            batch_id=self._services.ids.batch_id(),
            total_requests=len(items),
            processed_requests=len(found),
            results=outcomes,
        )
        if message.aggregate_results:
            answer.aggregates.CopyFrom(write_aggregates(found, self._now_ns() - since_ns))
        return answer, found[0].allowance if found else None

    def _each(
        self, items: Sequence[Asked | Wrong], call: Call, since_ns: int, threads: int = 0
    ) -> tuple[list[pb.Outcome], list[Detection]]:
        """Answer many requests, each in its place.

        Raises:
            RefusedError: none of them is carried out.

        """
        right = [it for it in items if isinstance(it, Asked)]
        requests = [self._request(asked, call, since_ns) for asked in right]
        found = self._services.desk.ask_all(requests, threads=threads, since_ns=since_ns)
        answers = iter(
            self._write(asked, request, detection, detection.decision.elapsed_ns)
            for asked, request, detection in zip(right, requests, found, strict=True)
        )
        outcomes = [
            self._problem(it.name, it.refusal)
            if isinstance(it, Wrong)
            else pb.Outcome(id=it.name, response=next(answers))
            for it in items
        ]
        return outcomes, found

    async def _stream(
        self, messages: AsyncIterator[pb.StreamRequest], call: Call
    ) -> AsyncIterator[pb.StreamResponse]:
        # The next message is read when this one is answered: who sends faster than they read
        # fills the window of HTTP/2, not our memory.
        async for message in messages:
            if len(message.requests) == 1:
                yield pb.StreamResponse(outcomes=[await self._streamed(message.requests[0], call)])
            else:
                yield await asyncio.to_thread(self._streamed_many, message, call)

    async def _streamed(self, message: pb.DetectRequest, call: Call) -> pb.Outcome:
        try:
            answer, _ = await self._ask(message, call)
        except (Refusal, RefusedError) as error:
            return self._problem(message.id, error)
        return pb.Outcome(id=message.id, response=answer)

    def _streamed_many(self, message: pb.StreamRequest, call: Call) -> pb.StreamResponse:
        items = read_requests(message.requests, self._limits)
        try:
            outcomes, _ = self._each(items, call, self._now_ns())
        except RefusedError as error:
            outcomes = [
                self._problem(it.name, it.refusal if isinstance(it, Wrong) else error)
                for it in items
            ]
        return pb.StreamResponse(outcomes=outcomes)

    def _problem(self, name: str, error: Refusal | RefusedError) -> pb.Outcome:
        told = tell(error)
        self._services.meter.refuse(DOOR, told.http_status)
        return pb.Outcome(id=name[:NAME_LEN_MAX], problem=write_problem(told))

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
            deadline_ns=call.deadline_ns(since_ns),
            chat=asked.chat,
            answers=asked.answers,
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
