"""One request to a model and the answer to it, while both are under way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from aidefence.domain.answer import Asked
from aidefence.domain.asking import UNCONDITIONAL, Detection, Request, Step
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Direction, Modality, OnError, Origin
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.proxying import PromptLeaks, ProxyPolicy, cost_of
from aidefence.domain.refusals import UnavailableError
from aidefence.domain.streaming import StreamEnd, StreamMode
from aidefence.domain.tools import CallDecision, Ruling
from aidefence.service.desk import Desk
from aidefence.service.inspect import conclude
from aidefence.service.policing import ruling_of
from aidefence.service.proxy_lane import Lane, StoppedError
from aidefence.service.proxy_policies import AnswerPolicies, rules_of, stops
from aidefence.service.proxy_private import Private
from aidefence.service.standing import Standing

_Found = TypeVar("_Found")
# Up to here reading a piece takes less time than a visit to another thread.
_INLINE_CODE_POINTS_MAX = 4_096
_FAULT = Degraded("proxy.answer", "the answer could not be inspected and was passed on by policy")
_UNPRICED = Degraded("proxy.spend", "no price fits, or the upstream told no tokens: not counted")
_log = logging.getLogger("aidefence.proxy")


@dataclass(frozen=True, slots=True, repr=False)
class Expected:
    """What an answer and its calls are held against."""

    asked: Asked = field(default_factory=Asked)
    tools: Sequence[object] = ()
    task: str = ""
    seen: tuple[str, ...] = ()
    taints: frozenset[str] = frozenset()
    """What the request and the messages before it have brought in, for policies to know."""

    @property
    def before(self) -> Step:
        """What policies are told of all that came before an answer."""
        return Step(taints=self.taints, seen=self.seen, task=self.task)


@dataclass(slots=True)
class Outcome:
    """What became of one side of an exchange."""

    action: Action = Action.ALLOW
    category: Category | None = None
    enforced: bool = True
    refused: bool = False
    rules: tuple[str, ...] = ()
    """The rules of policies that led to the action."""
    degraded: dict[str, Degraded] = field(default_factory=dict)

    def take(self, found: Detection) -> None:
        """Take in what was detected, and what policies said of it."""
        if found.action >= self.action:
            self.rules = rules_of(found) or self.rules
        self.worsen(found.action, found.category)
        self.miss(found.degraded)

    def worsen(self, action: Action, category: Category | None) -> None:
        """Take in one more decision: the gravest speaks."""
        if action > self.action or (self.category is None and action is self.action):
            self.action, self.category = action, category or self.category

    def miss(self, missed: Sequence[Degraded]) -> None:
        """Take in what was not looked at."""
        for it in missed:
            self.degraded.setdefault(it.check, it)


class Exchange:
    """Belongs to one request; used by one task at a time."""

    def __init__(
        self,
        desk: Desk,
        standing: Standing,
        policy: ProxyPolicy,
        request: Request,
        body: dict[str, object],
        expected: Expected | None = None,
        private: Private | None = None,
    ) -> None:
        self._desk = desk
        self._standing = standing
        self._policy = policy
        self._request = request
        self._expected = expected or Expected()
        self._private = private
        self._lanes: list[Lane] = []
        self._said: list[Content] = []
        self._decision: Decision | None = None
        self._policies = AnswerPolicies(desk, standing.inspector, request, self._expected.before)
        self._used: dict[str, int] = {}
        self.body = body
        self.changed = False
        self.apart = 0
        self.asked = Outcome()
        self.answered = Outcome()
        self.detection: Detection | None = None

    @property
    def id(self) -> str:
        """The name of the request."""
        return self._request.id

    @property
    def policy_version(self) -> str:
        """Which policy and knowledge speak."""
        told = self._decision or (self.detection and self.detection.decision)
        if told and ruling_of(told) is not None:
            return told.policy_version
        return self._standing.inspector.policy_version

    @property
    def refused(self) -> bool:
        """Whether the request must not go on."""
        return self.asked.refused

    # -- the request

    def take(self, detection: Detection) -> None:
        """Take in what was decided about the request."""
        self.detection = detection
        self.asked.enforced = detection.enforced
        self.asked.take(detection)
        self.asked.refused = stops(detection, self._policy.stop_at)

    def take_ruling(self, ruling: Ruling, what: str) -> None:
        """Take in what was decided about the tools of the request."""
        category = ruling.findings[0].category if ruling.findings else None
        self.asked.worsen(ruling.action, category)
        enforced = ruling.enforced and self._standing.suspended is None
        if enforced and ruling.action >= self._policy.stop_at and self.detection is not None:
            self.asked.refused = True
            told = replace(self.detection, detected=True, action=ruling.action, category=category)
            self._desk.tell(replace(self._request, id=f"{self.id}.{what}"), told)

    def note_exchanged(self, texts: int, apart: int) -> None:
        """Take in that values were taken out, or old messages left out."""
        self.apart = apart
        self.changed = bool(texts or apart)
        if texts:
            self.asked.worsen(Action.REDACT, Category.PII)

    def refuse_unread(self, missed: Degraded) -> None:
        """Refuse because a part of the request cannot be inspected."""
        self.asked.refused = True
        self.asked.worsen(Action.BLOCK, None)
        self.asked.miss((missed,))

    def pass_unread(self, missed: Degraded, action: Action) -> None:
        """Let a request go on that could not be inspected."""
        self.asked.worsen(action, None)
        self.asked.miss((missed,))

    # -- the answer

    def lane(self, *, restored: bool = True, watched: bool = False) -> Lane:
        """Open a text of the answer that comes in pieces.

        `restored` has private values put back. What is only `watched` is not held back.
        """
        mode = StreamMode.TAIL if watched else self._policy.stream_mode
        if self._standing.suspended is not None:
            mode = StreamMode.AUDIT
        stream = self._standing.guard.stream(mode=mode, stop_at=self._policy.stop_answers_at)
        restorer = self._private.restorer() if restored and self._private is not None else None
        lane = Lane(stream, restorer, self._gives_away if self._watches_leaks else None)
        self._lanes.append(lane)
        return lane

    async def feed(self, lane: Lane, text: str) -> str:
        """Take the next piece of a text; gives what may go on.

        Raises:
            StoppedError: it must not go on.

        """
        try:
            if len(text) <= _INLINE_CODE_POINTS_MAX:
                return lane.feed(text)
            return await asyncio.to_thread(lane.feed, text)
        except StoppedError as stopped:
            _, end = await asyncio.to_thread(lane.finish)
            await self._hear(lane, end, stopped=True)
            self._refuse(stopped.category or end.decision.category)
            raise

    async def finish(self, lane: Lane) -> str:
        """End a text that came in pieces; gives what was held back.

        Raises:
            StoppedError: it must not go on.

        """
        rest, end = await asyncio.to_thread(lane.finish)
        found = await self._hear(lane, end, stopped=end.stopped)
        if end.stopped:
            self._refuse(end.decision.category)
            raise StoppedError(end.decision.category)
        self._check_leak(lane.said)
        if self._policies.holds:
            # What was held back of it does not go on before they have spoken, nor what follows.
            self._stop_where(found, self._policy.stop_answers_at)
        return lane.restored(rest, last=True)

    async def judge(self, contents: Sequence[Content]) -> None:
        """Decide about texts and calls that are there as a whole.

        Raises:
            StoppedError: they must not go on.
            UnavailableError: they could not be inspected, and policy says not to go on.

        """
        texts = [it for it in contents if it.text and it.modality is not Modality.TOOL_CALL]
        if texts:
            self._said += texts
            what = Inspection(tuple(texts), Direction.OUTPUT)
            length = sum(len(it.text) for it in texts)
            found = self._at_once(what) if length <= _INLINE_CODE_POINTS_MAX else None
            if found is None:
                found = await self._guarded(self._inspect, what)
            if found is not None:
                found = await self._ruled(texts, found)
                self._weigh(found)
                self._stop_where(found, self._policy.stop_answers_at)
            self._check_leak("\n".join(it.text for it in texts))
        for it in contents:
            if it.modality is Modality.TOOL_CALL:
                await self.judge_call(it.tool or "", it.text, it.call_id)

    async def judge_call(self, name: str, arguments: str, call_id: str | None = None) -> None:
        """Decide about a call that the model wants to be made; it must be whole.

        Raises:
            StoppedError: it must not go on.
            UnavailableError: it could not be inspected, and policy says not to go on.

        """
        self._said.append(Content(arguments, Origin.ASSISTANT, Modality.TOOL_CALL, name))
        ruling = await self._guarded(self._inspect_call, name, arguments)
        if ruling is None:
            return
        if self._policies.holds:
            found = await self._guarded(self._policies.called, ruling, arguments, call_id)
            if found is not None:
                self._weigh(found)
                self._stop_where(found, self._policy.stop_calls_at)
            return
        category = ruling.findings[0].category if ruling.findings else None
        self.answered.worsen(ruling.action, category)
        if ruling.action >= self._policy.stop_calls_at and self._is_enforced:
            self._refuse(category)
            raise StoppedError(category)

    def restore(self, content: object) -> object:
        """Put private values back in something that is there as a whole."""
        return content if self._private is None else self._private.restore(content)

    @property
    def restores(self) -> bool:
        """Whether there is something to put back."""
        return self._private is not None

    def use(self, usage: object) -> None:
        """Take in how many tokens the upstream says that it has read and written so far."""
        if isinstance(usage, Mapping):
            self._used |= {key: it for key, it in usage.items() if type(it) is int and it >= 0}

    def miss(self, missed: Degraded) -> None:
        """Take in that a part of the answer was not looked at."""
        self.answered.miss((missed,))

    def miss_answer(self, on_error: OnError) -> None:
        """Take in that an answer could not be read, where policy lets it pass."""
        self.answered.worsen(on_error.least, None)
        self.answered.miss((_FAULT,))

    def close(self) -> None:
        """Write down what was decided about the answer, and forget what belongs to it alone."""
        for lane in self._lanes:
            lane.close()
        if self._private is not None:
            self._private.close()
        self._pay()
        if not self._said:
            return
        what = Inspection(tuple(self._said), Direction.OUTPUT)
        if self._decision is None:
            # Calls alone: what was ruled about them stands below, this is what it rests on.
            self._decision = self._inspect(what).decision
        outcome = self.answered
        told = Detection(
            decision=self._decision,
            detected=outcome.category is not None,
            action=outcome.action,
            category=outcome.category,
            degraded=tuple(outcome.degraded.values()),
            enforced=self._decision.enforced,
        )
        answered = replace(self._request, id=f"{self.id}.answer", what=what)
        self._desk.tell(answered, told, ruled=True)

    def _pay(self) -> None:
        """Add up what the answer has cost, where settings say what tokens cost."""
        if not self._policy.prices or not (self._used or self._said):
            return
        cost = cost_of(self._policy.prices, str(self.body.get("model") or ""), self._used)
        if cost is None:
            self.answered.miss((_UNPRICED,))
        else:
            self._desk.spent(self._request, cost)

    # -- how it is decided

    @property
    def _is_enforced(self) -> bool:
        return self.asked.enforced and self._standing.suspended is None

    @property
    def _watches_leaks(self) -> bool:
        asked = self._expected.asked
        leaks = self._policy.prompt_leaks is PromptLeaks.BLOCK and asked.system is not None
        return (leaks or bool(asked.markers)) and self._is_enforced

    def _gives_away(self, text: str) -> bool:
        """Whether what has come of a text tells what it must not, so that it ends here."""
        asked = self._expected.asked
        if self._policy.prompt_leaks is not PromptLeaks.BLOCK:
            asked = replace(asked, system=None)
        return self._standing.inspector.leaked(text, asked) >= self._policy.stop_answers_at

    def _check_leak(self, text: str) -> None:
        """Look whether a whole text gives away a marker or the prompt; only one may do no more."""
        asked, leaked = self._expected.asked, self._standing.inspector.leaked
        if asked.markers:
            self._tell_leak(leaked(text, replace(asked, system=None)))
        if asked.system is not None:
            action = leaked(text, replace(asked, markers=()))
            may_stop = self._policy.prompt_leaks is PromptLeaks.BLOCK
            self._tell_leak(action if may_stop else min(action, Action.FLAG), may_stop=may_stop)

    def _tell_leak(self, action: Action, *, may_stop: bool = True) -> None:
        if action is Action.ALLOW:
            return
        self.answered.worsen(action, Category.CANARY_LEAK)
        if may_stop:
            self._stop_at(action, Category.CANARY_LEAK)

    def _at_once(self, what: Inspection) -> Detection | None:
        """Inspect if that takes microseconds; a visit to another thread takes as long."""
        try:
            return self._standing.inspector.at_once(what, UNCONDITIONAL)
        except Exception:  # noqa: BLE001 -- it is asked again aside, where a failure is weighed
            return None

    def _inspect(self, what: Inspection) -> Detection:
        return self._standing.inspector.inspect(what, UNCONDITIONAL)

    async def _ruled(self, contents: Sequence[Content], found: Detection) -> Detection:
        """Give what was found in texts that are whole, after policies have had their say."""
        if not self._policies.holds:
            return found
        return await self._guarded(self._policies.said, contents, found) or found

    def _inspect_call(self, name: str, arguments: str) -> CallDecision:
        expected = self._expected
        return self._standing.guard.inspect_call(
            name,
            arguments,
            tools=expected.tools or None,
            task=expected.task or None,
            seen=expected.seen,
        )

    async def _guarded(self, ask: Callable[..., _Found], *given: object) -> _Found | None:
        """Ask aside; where that fails, policy says whether the answer may go on unread."""
        try:
            return await asyncio.to_thread(ask, *given)
        except Exception as error:  # policy says what a failure of ours leads to
            if not isinstance(error, AIDefenceError):
                _log.exception("an answer of a model could not be inspected")
            if self._policy.on_error is OnError.BLOCK:
                raise UnavailableError("the answer could not be inspected") from error
            self.miss_answer(self._policy.on_error)
            return None

    async def _hear(self, lane: Lane, end: StreamEnd, *, stopped: bool) -> Detection:
        said = Content(lane.said, Origin.ASSISTANT)
        self._said.append(said)
        self.answered.miss(end.degraded)
        found = conclude(end.decision, UNCONDITIONAL)
        if stopped and self._is_enforced:
            found = replace(found, action=Action.BLOCK)
        found = await self._ruled([said], found)
        self._weigh(found)
        return found

    def _weigh(self, found: Detection) -> None:
        if self._decision is None or found.action >= self.answered.action:
            self._decision = found.decision
        self.answered.take(found)

    def _refuse(self, category: Category | None) -> None:
        self.answered.refused = True
        self.answered.worsen(Action.BLOCK, category)

    def _stop_where(self, found: Detection, stop_at: Action) -> None:
        if self._is_enforced and stops(found, stop_at):
            self._refuse(found.category)
            raise StoppedError(found.category, rules_of(found))

    def _stop_at(self, action: Action, category: Category | None) -> None:
        if self._is_enforced and action >= self._policy.stop_answers_at:
            self._refuse(category)
            raise StoppedError(category)
