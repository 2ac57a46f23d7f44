"""The one place that every door asks: let in, inspect, count, write down."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace

from aidefence.domain.asking import Detection, Request
from aidefence.domain.enums import Action
from aidefence.domain.refusals import Allowance
from aidefence.ports.admission import Admission
from aidefence.ports.episodes import EpisodeLog
from aidefence.ports.meter import Meter
from aidefence.service.inspect import Inspector
from aidefence.service.standing import Standing

# By number: a worker is a copy of a process, and the threads that the engine keeps for those who
# name none stayed behind in that one. Waiting for them would never end.
_CORES = os.cpu_count() or 1


class Desk:
    """Answers requests. Safe to share between threads."""

    __slots__ = ("_admission", "_log", "_meter", "standing")

    def __init__(
        self, standing: Standing, admission: Admission, log: EpisodeLog, meter: Meter
    ) -> None:
        self.standing = standing
        self._admission = admission
        self._log = log
        self._meter = meter

    def stand_on(self, standing: Standing) -> None:
        """Answer from now on by what an operator has changed; what runs ends as it began."""
        self.standing = standing

    def admit(self, request: Request, cost: int = 1) -> Allowance | None:
        """Count something that is no detection against the limits of whoever asks.

        Raises:
            RefusedError: it is not to be carried out.

        """
        return self._let_in(request, cost)

    def ask(self, request: Request) -> Detection:
        """Answer, however long it takes.

        Raises:
            RefusedError: the request is not carried out.

        """
        allowance = self._let_in(request)
        return self._settle(request, allowance, self.standing)

    async def aask(self, request: Request) -> Detection:
        """Answer without holding up the event loop.

        Raises:
            RefusedError: the request is not carried out.

        """
        if self._admission.waits:
            return await asyncio.to_thread(self.ask, request)
        allowance = self._let_in(request)
        standing = self.standing
        found = None
        if request.answers is None:
            found = standing.inspector.at_once(request.what, request.conditions)
        if found is None:
            return await asyncio.to_thread(self._settle, request, allowance, standing)
        return self._keep(request, _seen(found, standing, allowance))

    def ask_all(
        self,
        requests: Sequence[Request],
        *,
        threads: int = 0,
        since_ns: int = 0,
        admitted: bool = False,
    ) -> list[Detection]:
        """Answer many requests of one caller: texts together, conversations one by one.

        `threads` are at most so many, 0 for one on each core. `since_ns` is when they came in.
        Those `admitted` before are not counted against limits again.

        Raises:
            RefusedError: they are not carried out, none of them.

        """
        if not requests:
            return []
        allowance = None if admitted else self._let_in(requests[0], len(requests))
        standing = self.standing
        found = _inspect_all(standing.inspector, requests, threads or _CORES, since_ns)
        settled = _seen_all(found, standing, allowance)
        for request, detection in zip(requests, settled, strict=True):
            self._meter.count(request.door, detection)
        return self._log.record_all(list(zip(requests, settled, strict=True)))

    def tell(self, request: Request, detection: Detection) -> Detection:
        """Take in what was decided elsewhere about a request that was let in before.

        It is counted and written down like all others, and the kill switch holds for it.
        """
        return self._keep(request, _seen(detection, self.standing, None))

    def _let_in(self, request: Request, cost: int = 1) -> Allowance | None:
        standing = self.standing
        if standing.closed:
            standing.check_door(request.door)
        return self._admission.admit(request, cost)

    def _settle(
        self, request: Request, allowance: Allowance | None, standing: Standing
    ) -> Detection:
        found = _inspect(standing.inspector, request, request.since_ns)
        return self._keep(request, _seen(found, standing, allowance))

    def _keep(self, request: Request, detection: Detection) -> Detection:
        self._meter.count(request.door, detection)
        return self._log.record(request, detection)


def _inspect_all(
    inspector: Inspector, requests: Sequence[Request], threads: int, since_ns: int
) -> list[Detection]:
    if all(it.what.__class__ is str and it.answers is None for it in requests):
        # Most batches hold nothing but texts: nothing is to be sorted out.
        return inspector.inspect_texts(
            [it.what for it in requests],  # type: ignore[misc]  # looked at a line above
            [it.conditions for it in requests],
            threads=threads,
            since_ns=inspector.batch_since(since_ns),
        )
    texts = [
        (at, it, it.what)
        for at, it in enumerate(requests)
        if isinstance(it.what, str) and it.answers is None
    ]
    since_ns = inspector.batch_since(since_ns)
    inspected = inspector.inspect_texts(
        [text for _, _, text in texts],
        [request.conditions for _, request, _ in texts],
        threads=threads,
        since_ns=since_ns,
    )
    by_place = {at: found for (at, _, _), found in zip(texts, inspected, strict=True)}
    return [
        by_place[at] if at in by_place else _inspect(inspector, request, since_ns)
        for at, request in enumerate(requests)
    ]


def _inspect(inspector: Inspector, request: Request, since_ns: int) -> Detection:
    if request.answers is not None:
        return inspector.inspect_answer(request.what, request.answers, request.conditions)
    return inspector.inspect(request.what, request.conditions, since_ns=since_ns)


def _seen_all(
    found: list[Detection], standing: Standing, allowance: Allowance | None
) -> list[Detection]:
    if standing.suspended is not None or (allowance is not None and allowance.degraded):
        return [_seen(detection, standing, allowance) for detection in found]
    if allowance is not None:
        # The first tells what is left for all of them.
        found[0] = replace(found[0], allowance=allowance)
    return found


def _seen(detection: Detection, standing: Standing, allowance: Allowance | None) -> Detection:
    degraded = (*standing.off, *detection.degraded)
    if allowance is not None:
        if allowance.degraded:
            degraded = (*degraded, allowance.degraded)
        detection = replace(detection, allowance=allowance, degraded=degraded)
    elif standing.off:
        detection = replace(detection, degraded=degraded)
    suspended = standing.suspended
    if suspended is None:
        return detection
    return replace(detection, action=Action.ALLOW, enforced=False, degraded=(suspended, *degraded))
