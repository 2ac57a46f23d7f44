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
from aidefence.delivery.rest.express import (
    join_batch,
    make_form,
    read_plain,
    read_plain_batch,
)
from aidefence.delivery.rest.jobs import submit
from aidefence.delivery.rest.requests import Asked, AskedBatch, Wrong, parse_many, parse_one
from aidefence.delivery.rest.wire import BatchOptions, Metadata, RefusedItem
from aidefence.domain.asking import Detection, Request
from aidefence.domain.decision import Charter
from aidefence.domain.job import JobKind
from aidefence.domain.refusals import Allowance, ConflictError, RefusedError
from aidefence.engine import Form
from aidefence.service.express import Passed

DOOR = "rest"
# Up to here an inspection takes less time than a visit to another thread.
INLINE_BODY_BYTES_MAX = 64 << 10
# Versions in force while something is reloaded: the old one, the new one, and some to spare.
_VERSIONS_MAX = 16

_PLAIN = Asked("")
_THREADS = BatchOptions().max_parallelism
_encode = msgspec.json.Encoder().encode
Payload: TypeAlias = tuple[bytes, Allowance | None]


class Detecting:
    """Asks the desk and writes what it says. Safe to share between threads."""

    def __init__(self, house: House) -> None:
        self._services = house.services
        self._limits = house.limits
        self._points_max = house.limits.content_code_points_max
        self._desk = house.services.desk
        self.now_ns = house.services.clock.monotonic_ns
        self._request_id = house.services.ids.request_id
        self._manners: dict[str, Manner] = {}
        self._forms: dict[tuple[str, bool], Form] = {}

    async def one(self, body: bytes, came: Came) -> Payload:
        """Answer one request."""
        if len(body) > INLINE_BODY_BYTES_MAX:
            return await asyncio.to_thread(self._one_aside, body, came)
        text = None if came.core_actions else read_plain(body, self._points_max)
        if text is not None:
            answered = self._pass(text, came)
            if answered is not None:
                return answered
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

    def _pass(self, text: str, came: Came) -> Payload | None:
        """Answer about a plain text on the short way, if that is open."""
        request = self.request(Asked(text), came, came.request_id)
        told = self._desk.ask_shortly(request, text)
        if told is None:
            return None
        if not isinstance(told, Passed):
            return self.write(_PLAIN, request, told, came), told.allowance
        form, elapsed_ns = self._form(told.charter), self.now_ns() - came.at_ns
        written = form.fill(told.tiers, request.id, elapsed_ns, told.confidence, told.elapsed_ns)
        return written, told.allowance

    def _pass_all(self, texts: Sequence[str], came: Came) -> Payload | None:
        """Answer about many plain texts on the short way, if that is open."""
        if not self._desk.is_short(DOOR, came.caller):
            return None
        names = [self._request_id() for _ in texts]
        first = self.request(Asked(texts[0]), came, names[0])
        passed = self._desk.ask_all_shortly(first, texts, names, _THREADS)
        if passed is None:
            return None
        form = self._form(passed.charter)
        results = form.fill_all(passed.records, names, passed.share_ns)
        for at, (request, found) in passed.found.items():
            results[at] = self.write(_PLAIN, request, found, came, found.decision.elapsed_ns)
        whole = [it for it in results if it is not None]
        return join_batch(self._services.ids.batch_id(), whole, len(whole)), passed.allowance

    def _form(self, charter: Charter) -> Form:
        version = charter.policy_version
        key = version, charter.enforced
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= _VERSIONS_MAX:
                self._forms.clear()
            manner = self._manners.get(version) or self._describe(version)
            form = self._forms[key] = make_form(manner, charter)
        return form

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
        most = self._limits.batch_requests_max
        texts = None if came.core_actions else read_plain_batch(body, self._points_max, most)
        answered = None if texts is None else self._pass_all(texts, came)
        if answered is not None:
            return answered
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
        tail = b"]}"
        if options.aggregate_results:
            tail = b'],"aggregates":%b}' % _encode(aggregate(detections, elapsed_ns))
        payload = join_batch(self._services.ids.batch_id(), results, len(detections), tail)
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
