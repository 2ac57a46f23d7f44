"""The one place that every door asks: let in, inspect, count, write down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter_ns

from aidefence.domain.access import Caller
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Content
from aidefence.domain.enums import Action
from aidefence.domain.refusals import Allowance, DeadlineError, OverloadedError, WhenFull
from aidefence.ports.admission import Admission
from aidefence.ports.episodes import EpisodeLog
from aidefence.ports.meter import Meter
from aidefence.ports.police import Police
from aidefence.service.express import Express, Lane, Passed, PassedTexts, open_all
from aidefence.service.seats import Seats
from aidefence.service.shares import Shares
from aidefence.service.standing import Standing
from aidefence.service.talks import Talks, belongs_to_talk
from aidefence.service.visit import VISIT

_NS_PER_SECOND = 1_000_000_000
_NS_PER_MS = 1_000_000
# A slow tier looks at the clock between two steps; the last one is waited for.
_PATIENCE_NS = 250_000_000
_OVER = "the time for this request is over"
_QUICK_CODE_POINTS_MAX = 64 << 10


@dataclass(frozen=True, slots=True)
class Manners:
    """How much slow work is taken on at once, and how long a request may take."""

    slow_max: int = 8
    waiting_max: int = 256
    of_one_max: int | None = None
    """How much of both may be one caller's."""
    deadline_ms: int = 30_000
    when_full: WhenFull = WhenFull.REFUSE
    threads_max: int = 0
    """How many of them read one batch, 0 for one on each core: other processes want some, too."""

    def threads(self, wanted: int) -> int:
        """How many read a batch for which somebody wants so many, 0 for as many as may be."""
        return min(wanted or self.threads_max, self.threads_max or wanted)


DEFAULT_MANNERS = Manners()


class Desk:
    """Answers requests. Safe to share between threads."""

    __slots__ = (
        "_admission",
        "_express",
        "_log",
        "_manners",
        "_meter",
        "_now_ns",
        "_police",
        "_pool",
        "_seats",
        "_shares",
        "standing",
    )

    def __init__(
        self,
        standing: Standing,
        admission: Admission,
        log: EpisodeLog,
        meter: Meter,
        manners: Manners = DEFAULT_MANNERS,
        now_ns: Callable[[], int] = perf_counter_ns,
        police: Police | None = None,
        express: Express | None = None,
    ) -> None:
        """`now_ns` is the clock on which requests say when they came in.

        `police` lets policies have their say about what was found. With `express` there is a short
        way for plain texts, over the same log and meter, for doors that ask for it.
        """
        self.standing = standing
        self._police = police
        self._express = express
        self._admission = admission
        self._log = log
        self._meter = meter
        self._manners = manners
        self._now_ns = now_ns
        self._pool = ThreadPoolExecutor(manners.slow_max, "aidefence-slow")
        self._seats = Seats(manners.slow_max, manners.waiting_max, now_ns)
        self._shares = Shares(manners.of_one_max)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return self._seats.waiting

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
        """Answer; whoever waits for it is a thread.

        Raises:
            RefusedError: the request is not carried out.

        """
        allowance = self._let_in(request)
        standing, until_ns = self.standing, self._until(request)
        try:
            self._check_time(until_ns)
            with (
                self._shares.held(request.caller),
                self._seats.taken(request.priority, until_ns),
            ):
                return self._settle(request, allowance, standing, until_ns)
        except (OverloadedError, DeadlineError) as error:
            return self._fall_back(request, allowance, standing, error)

    async def aask(self, request: Request) -> Detection:
        """Answer without holding up the event loop.

        Raises:
            RefusedError: the request is not carried out.

        """
        if self._admission.waits:
            return await asyncio.to_thread(self.ask, request)
        allowance = self._let_in(request)
        standing = self.standing
        inspector, talks = standing.at(request.door)
        if self._is_quick(request, talks):
            found = inspector.at_once(request.what, request.conditions)
            if found is not None:
                return self._keep(request, _seen(self._ruled(request, found), standing, allowance))
        until_ns = self._until(request)
        try:
            self._check_time(until_ns)
            leave = await self._take_seat(request, until_ns)
        except (OverloadedError, DeadlineError) as error:
            return self._fall_back(request, allowance, standing, error)
        work = partial(self._settle, request, allowance, standing, until_ns)
        return await self._aside(work, leave, until_ns)

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
        first = requests[0]
        with (
            self._shares.held(first.caller),
            self._seats.taken(first.priority, self._until(first)),
        ):
            found = _inspect_all(standing, requests, self._manners.threads(threads), since_ns)
        if self._police is not None:
            found = [self._ruled(*pair) for pair in zip(requests, found, strict=True)]
        return self._keep_all(requests, _seen_all(found, standing, allowance))

    def is_short(self, door: str, caller: Caller) -> bool:
        """Whether there is a short way for what a caller brings to a door, at this moment."""
        return self._lane(self.standing, door, caller) is not None

    def ask_shortly(self, request: Request, text: str) -> Passed | Detection | None:
        """Answer about a short text without conditions; none where the usual way is to be gone.

        Then nothing has happened yet.

        Raises:
            RefusedError: the request is not carried out.

        """
        express, standing = self._express, self.standing
        lane = self._lane(standing, request.door, request.caller)
        if express is None or lane is None:
            return None
        allowance = self._let_in(request)
        if allowance is not None and allowance.degraded is not None:
            found = standing.at(request.door)[0].inspect(text, request.conditions)
            return self._keep(request, _seen(found, standing, allowance))
        told = express.take(lane, request, text)
        if isinstance(told, Passed):
            told.allowance = allowance
            return told
        return self._keep(request, _seen(told, standing, allowance))

    def ask_all_shortly(
        self, first: Request, texts: Sequence[str], names: Sequence[str], threads: int = 0
    ) -> PassedTexts | None:
        """Answer about many texts without conditions; `first` is the request with the first.

        `threads` are at most so many, 0 for one on each core.

        Raises:
            RefusedError: they are not carried out, none of them.

        """
        express = self._express
        lane = self._lane(self.standing, first.door, first.caller)
        if express is None or lane is None:
            return None
        allowance = self._let_in(first, len(texts))
        with self._shares.held(first.caller), self._seats.taken(first.priority, self._until(first)):
            passed = express.take_all(lane, first, texts, names, self._manners.threads(threads))
        passed.allowance = allowance
        if (allowance is None or allowance.degraded is None) and express.keep(first, texts, passed):
            return passed
        requests, found = open_all(first, texts, passed)
        kept = self._keep_all(requests, [_seen(it, self.standing, allowance) for it in found])
        passed.found = dict(enumerate(zip(requests, kept, strict=True)))
        return passed

    def _lane(self, standing: Standing, door: str, caller: Caller) -> Lane | None:
        # Whoever asks another machine what is left of a limit waits for it, and may hear nothing.
        if self._express is None or self._admission.waits:
            return None
        return self._express.lane(standing, door, caller)

    def tell(self, request: Request, detection: Detection, *, ruled: bool = False) -> Detection:
        """Take in what was decided elsewhere about a request that was let in before.

        It is counted and written down like all others, and the kill switch holds for it. Policies
        that were asked before, as `ruled` says, are not asked again.
        """
        found = detection if ruled else self._ruled(request, detection)
        return self._keep(request, _seen(found, self.standing, None))

    def holds(self, request: Request) -> bool:
        """Whether some policy is asked about a request."""
        return self._police is not None and self._police.holds(request)

    def rule(self, request: Request, found: Detection) -> Detection:
        """Let policies have their say about a part of something that is told as a whole later."""
        return self._ruled(request, found)

    def spent(self, request: Request, microcents: int) -> None:
        """Add what the answer to a request has cost, in millionths of a cent."""
        if self._police is not None:
            self._police.spent(request, microcents)

    def brought(self, contents: Sequence[Content]) -> frozenset[str]:
        """Say what came in with contents that are not inspected again, for policies to know."""
        return frozenset() if self._police is None else self._police.brought(contents)

    def _let_in(self, request: Request, cost: int = 1) -> Allowance | None:
        visit = VISIT.get()
        if visit is not None:
            visit.caller, visit.door, visit.request_id = request.caller.id, request.door, request.id
        standing = self.standing
        if standing.closed:
            standing.check_door(request.door)
        return self._admission.admit(request, cost)

    async def _take_seat(self, request: Request, until_ns: int) -> Callable[[], None]:
        """Wait for a seat; gives what leaves it, and frees the caller's share of work."""
        caller = request.caller
        self._shares.enter(caller)
        try:
            leave = await self._seats.take(request.priority, until_ns)
        except BaseException:
            self._shares.leave(caller)
            raise

        def leave_both() -> None:
            leave()
            self._shares.leave(caller)

        return leave_both

    async def _aside(
        self, work: Callable[[], Detection], leave: Callable[[], None], until_ns: int
    ) -> Detection:
        """Work in a thread; whoever waits may go, the seat is free when the thread is."""
        thread = self._pool.submit(copy_context().run, work)
        thread.add_done_callback(lambda _: leave())
        left_ns = until_ns + _PATIENCE_NS - self._now_ns()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(thread), left_ns / _NS_PER_SECOND)
        except TimeoutError:
            raise DeadlineError(_OVER) from None

    def _settle(
        self, request: Request, allowance: Allowance | None, standing: Standing, until_ns: int
    ) -> Detection:
        since_ns = standing.inspector.since_for(request.since_ns or self._now_ns(), until_ns)
        found = self._ruled(request, _inspect(standing, request, since_ns))
        return self._keep(request, _seen(found, standing, allowance))

    def _fall_back(
        self,
        request: Request,
        allowance: Allowance | None,
        standing: Standing,
        error: OverloadedError | DeadlineError,
    ) -> Detection:
        """Answer by what takes microseconds, if policy says so; the answer tells what is missing.

        What the missing check would have meant for the text, `on_error` decides.
        """
        if self._manners.when_full is WhenFull.REFUSE or not _is_quick(request):
            raise error
        # So long ago that the time of every slow tier is over.
        return self._settle(request, allowance, standing, 1)

    def _check_time(self, until_ns: int) -> None:
        if self._now_ns() >= until_ns:
            raise DeadlineError(_OVER)

    def _until(self, request: Request) -> int:
        since_ns = request.since_ns or self._now_ns()
        usual_ns = since_ns + self._manners.deadline_ms * _NS_PER_MS
        return min(request.deadline_ns, usual_ns) if request.deadline_ns else usual_ns

    def _is_quick(self, request: Request, talks: Talks | None) -> bool:
        """Whether nothing is to be looked up for a request that takes microseconds."""
        if not _is_quick(request) or (talks is not None and belongs_to_talk(request)):
            return False
        return self._police is None or not self._police.waits(request)

    def _ruled(self, request: Request, found: Detection) -> Detection:
        return found if self._police is None else self._police.rule(request, found)

    def _keep_all(
        self, requests: Sequence[Request], settled: Sequence[Detection]
    ) -> list[Detection]:
        for request, detection in zip(requests, settled, strict=True):
            self._meter.count(request.door, detection)
        return self._log.record_all(list(zip(requests, settled, strict=True)))

    def _keep(self, request: Request, detection: Detection) -> Detection:
        self._meter.count(request.door, detection)
        return self._log.record(request, detection)


def _is_quick(request: Request) -> bool:
    """Whether the engine alone takes less time for it than a visit to another thread."""
    if request.answers is not None:
        return False
    what = request.what
    if isinstance(what, str):
        return len(what) <= _QUICK_CODE_POINTS_MAX
    return sum(len(it.text) for it in what.contents) <= _QUICK_CODE_POINTS_MAX


def _inspect_all(
    standing: Standing, requests: Sequence[Request], threads: int, since_ns: int
) -> list[Detection]:
    # They are of one caller, who came in at one door.
    inspector, talks = standing.at(requests[0].door)
    if talks is None and all(it.what.__class__ is str and it.answers is None for it in requests):
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
        if isinstance(it.what, str)
        and it.answers is None
        and not (talks is not None and belongs_to_talk(it))
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
        by_place[at] if at in by_place else _inspect(standing, request, since_ns)
        for at, request in enumerate(requests)
    ]


def _inspect(standing: Standing, request: Request, since_ns: int) -> Detection:
    inspector, talks = standing.at(request.door)
    if request.answers is not None:
        return inspector.inspect_answer(request.what, request.answers, request.conditions)
    if talks is not None and belongs_to_talk(request):
        return talks.inspect(request, since_ns)
    return inspector.inspect(request.what, request.conditions, since_ns=since_ns)


def _seen_all(
    found: list[Detection], standing: Standing, allowance: Allowance | None
) -> list[Detection]:
    told = standing.suspended is not None or bool(standing.off)
    if told or (allowance is not None and allowance.degraded):
        return [_seen(detection, standing, allowance) for detection in found]
    if allowance is not None:
        # The first tells what is left for all of them.
        found[0] = replace(found[0], allowance=allowance)
    return found


def _seen(detection: Detection, standing: Standing, allowance: Allowance | None) -> Detection:
    suspended, off = standing.suspended, standing.off
    if allowance is None and suspended is None and not off:
        return detection
    degraded = (*off, *detection.degraded) if off else detection.degraded
    if allowance is not None:
        if allowance.degraded:
            degraded = (*degraded, allowance.degraded)
        it = detection
        # By hand: whoever has limits comes this way every time, and `replace` takes four times as
        # long.
        detection = Detection(
            it.decision,
            it.detected,
            it.action,
            it.category,
            degraded,
            it.enforced,
            allowance,
            it.report,
            it.talk,
        )
    elif off:
        detection = replace(detection, degraded=degraded)
    if suspended is None:
        return detection
    return replace(detection, action=Action.ALLOW, enforced=False, degraded=(suspended, *degraded))
