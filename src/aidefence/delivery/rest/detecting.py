"""Detection as API v2 has it: bodies in, bodies out, whatever carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
from msgspec import UNSET

from aidefence.delivery.http.operations import House
from aidefence.delivery.http.problems import Refusal, refusal_of, unsupported
from aidefence.delivery.rest.answers import Manner, aggregate, write
from aidefence.delivery.rest.came import Came
from aidefence.delivery.rest.jobs import submit
from aidefence.delivery.rest.requests import Asked, AskedBatch, Wrong, parse_many, parse_one
from aidefence.delivery.rest.wire import Metadata, RefusedItem
from aidefence.domain.asking import Detection, Request
from aidefence.domain.job import JobKind
from aidefence.domain.refusals import Allowance, ConflictError, RefusedError

DOOR = "rest"
# Up to here an inspection takes less time than a visit to another thread.
INLINE_BODY_BYTES_MAX = 64 << 10
# Versions in force while something is reloaded: the old one, the new one, and some to spare.
_VERSIONS_MAX = 16

_encode = msgspec.json.Encoder().encode
Payload: TypeAlias = tuple[bytes, Allowance | None]


class Detecting:
    """Asks the desk and writes what it says. Safe to share between threads."""

    def __init__(self, house: House) -> None:
        self._services = house.services
        self._limits = house.limits
        self._desk = house.services.desk
        self.now_ns = house.services.clock.monotonic_ns
        self._request_id = house.services.ids.request_id
        self._manners: dict[str, Manner] = {}

    async def one(self, body: bytes, came: Came) -> Payload:
        """Answer one request."""
        if len(body) > INLINE_BODY_BYTES_MAX:
            return await asyncio.to_thread(self._one_aside, body, came)
        asked = parse_one(body, self._limits)
        if asked.later:
            return await asyncio.to_thread(self._one_later, body, asked, came)
        request = self.request(asked, came, came.request_id)
        detection = await self._desk.aask(request)
        return self.write(asked, request, detection, came), detection.allowance

    async def many(self, body: bytes, came: Came) -> Payload:
        """Answer a batch."""
        return await asyncio.to_thread(self._many_aside, body, came)

    def work_off(self, kind: JobKind, body: bytes, came: Came) -> bytes:
        """Answer what was taken in before, and let in then.

        Raises:
            RefusedError: it is not carried out any more.

        """
        came.at_ns = self.now_ns()
        try:
            if kind is JobKind.DETECT_BATCH:
                return self._write_many(parse_many(body, self._limits), came, admitted=True)[0]
            asked = parse_one(body, self._limits)
        except Refusal as refusal:
            # Between then and now an operator has lowered a limit.
            raise ConflictError(refusal.detail) from None
        return self.each([asked], came, admitted=True)[0][0]

    def each(
        self,
        items: Sequence[Asked | Wrong],
        came: Came,
        *,
        threads: int = 0,
        admitted: bool = False,
    ) -> tuple[list[bytes], list[Detection]]:
        """Answer many requests, each in its place: a wrong one refuses no other.

        Raises:
            RefusedError: none of them is carried out.

        """
        right = [item for item in items if isinstance(item, Asked)]
        requests = [self.request(item, came, self._request_id()) for item in right]
        detections = self._desk.ask_all(
            requests, threads=threads, since_ns=came.at_ns, admitted=admitted
        )
        written = iter(
            self.write(item, request, found, came, found.decision.elapsed_ns)
            for item, request, found in zip(right, requests, detections, strict=True)
        )
        return [
            next(written) if isinstance(item, Asked) else tell_wrong(item) for item in items
        ], detections

    def request(self, asked: Asked, came: Came, request_id: str) -> Request:
        """Put a question to the desk."""
        return Request(
            asked.what,
            request_id,
            DOOR,
            came.caller,
            came.peer,
            asked.conditions,
            asked.context,
            asked.priority,
            came.at_ns,
            asked.answers,
            came.deadline_ns,
            asked.chat,
        )

    def write(
        self,
        asked: Asked,
        request: Request,
        detection: Detection,
        came: Came,
        elapsed_ns: int | None = None,
    ) -> bytes:
        """Write what the desk said; all that was done is counted unless a time is given."""
        version = detection.decision.policy_version
        manner = self._manners.get(version) or self._describe(version)
        core_actions = came.core_actions or asked.core_actions
        if core_actions or asked.explain or asked.name is not None:
            manner = Manner(manner.metadata, asked.name, asked.explain, core_actions)
        if elapsed_ns is None:
            elapsed_ns = self.now_ns() - came.at_ns
        return write(detection, request.id, elapsed_ns, manner)

    def _one_aside(self, body: bytes, came: Came) -> Payload:
        asked = parse_one(body, self._limits)
        if asked.later:
            return self._one_later(body, asked, came)
        request = self.request(asked, came, came.request_id)
        detection = self._desk.ask(request)
        return self.write(asked, request, detection, came), detection.allowance

    def _one_later(self, body: bytes, asked: Asked, came: Came) -> Payload:
        return self._submit(JobKind.DETECT, body, [asked], came, asked.webhook)

    def _many_aside(self, body: bytes, came: Came) -> Payload:
        asked = parse_many(body, self._limits)
        if not asked.options.asynchronous:
            return self._write_many(asked, came)
        right = [item for item in asked.items if isinstance(item, Asked)]
        return self._submit(JobKind.DETECT_BATCH, body, right, came, asked.options.webhook)

    def _submit(
        self, kind: JobKind, body: bytes, asked: list[Asked], came: Came, webhook: str | None
    ) -> Payload:
        jobs = self._services.jobs
        if jobs is None:
            raise unsupported("/options/async", "this installation answers every request at once")
        allowance = None
        if asked:
            first = self.request(asked[0], came, came.request_id)
            allowance = self._desk.admit(first, len(asked))
        return submit(jobs, kind, body, came, webhook), allowance

    def _write_many(self, asked: AskedBatch, came: Came, *, admitted: bool = False) -> Payload:
        options = asked.options
        results, detections = self.each(
            asked.items, came, threads=options.max_parallelism, admitted=admitted
        )
        elapsed_ns = self.now_ns() - came.at_ns
        head = (
            f'{{"batchId":"{self._services.ids.batch_id()}","totalRequests":{len(results)},'
            f'"processedRequests":{len(detections)},"results":['
        )
        tail = b"]}"
        if options.aggregate_results:
            tail = b'],"aggregates":%b}' % _encode(aggregate(detections, elapsed_ns))
        # Joined, not laid out as objects: of many short answers that would be most of the work.
        payload = b"%b%b%b" % (head.encode(), b",".join(results), tail)
        return payload, detections[0].allowance if detections else None

    def _describe(self, policy_version: str) -> Manner:
        """Say once for each version of the policy what every answer repeats."""
        services = self._services
        metadata = Metadata(
            detector_versions=services.versions,
            policy_version=policy_version,
            edge_node=services.node,
        )
        if len(self._manners) >= _VERSIONS_MAX:
            self._manners.clear()
        self._manners[policy_version] = told = Manner(msgspec.Raw(_encode(metadata)))
        return told


def tell_wrong(item: Wrong) -> bytes:
    """Write in the place of an answer why there is none."""
    name = UNSET if item.name is None else item.name
    return _encode(RefusedItem(item.refusal.problem(), name))


def tell_refused(items: Sequence[Asked | Wrong], error: RefusedError) -> list[bytes]:
    """Write in the place of each answer why none was given."""
    refusal: Refusal = refusal_of(error)
    return [
        tell_wrong(Wrong(refusal, item.name) if isinstance(item, Asked) else item) for item in items
    ]
