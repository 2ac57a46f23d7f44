"""What doors offer beside detection: tools, calls and traces inspected, texts made harmless."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from aidefence.domain.asking import ALONE, Request, Step
from aidefence.domain.canonical import canonical
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Action, Direction, Modality, Origin
from aidefence.domain.refusals import Allowance
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import CallDecision, Ruling, ToolsDecision, TraceDecision
from aidefence.ingest.messages import Inspectable, open_request
from aidefence.ingest.tools import Tools, read_tools
from aidefence.service.desk import Desk
from aidefence.service.guarding import Guarding
from aidefence.service.policing import ruling_of
from aidefence.service.policy_rulings import detection_of
from aidefence.service.traces import MESSAGES_MAX

_Ruling = TypeVar("_Ruling", bound=Ruling)


class Workshop:
    """Works for whoever a limit lets in. Safe to share between threads.

    Every method raises `RefusedError` where the request is not carried out, and `AIDefenceError`
    where what was handed in is not what it should be. Policies in force decide after the guard, a
    kill switch holds here as everywhere. What a door has `admitted` before is not counted again.
    """

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def scan_tools(
        self, request: Request, tools: Tools, *, admitted: bool = False
    ) -> tuple[ToolsDecision, Allowance | None]:
        """Have definitions of tools inspected; to policies they are one document."""

        def told(_: ToolsDecision) -> tuple[Inspection, Step]:
            contents = [
                Content(canonical(it.definition), Origin.TOOL, tool=it.name)
                for it in read_tools(tools).tools
            ]
            return Inspection(tuple(contents)), Step(is_definition=True)

        return self._rule(request, lambda it: it.inspect_tools(tools), told, admitted=admitted)

    def check_call(
        self,
        request: Request,
        name: str,
        arguments: object,
        *,
        tools: Tools | None = None,
        task: str | None = None,
        seen: Sequence[str] = (),
        admitted: bool = False,
    ) -> tuple[CallDecision, Allowance | None]:
        """Have a call inspected before it is made; to policies it is one."""

        def work(guard: Guarding) -> CallDecision:
            return guard.inspect_call(name, arguments, tools=tools, task=task, seen=seen)

        def told(call: CallDecision) -> tuple[Inspection, Step]:
            spelled = arguments if isinstance(arguments, str) else canonical(arguments)
            made = Content(spelled, Origin.ASSISTANT, Modality.TOOL_CALL, name)
            brought = self._desk.brought([Content(it, Origin.TOOL) for it in seen])
            known = {name: frozenset(call.capabilities)}
            what = Inspection((made,), Direction.OUTPUT)
            before = Step(taints=brought, seen=tuple(seen), task=task or "")
            return what, replace(before, capabilities=known)

        return self._rule(request, work, told, admitted=admitted)

    def check_trace(
        self, request: Request, messages: Inspectable, *, tools: Tools | None = None
    ) -> tuple[TraceDecision, Allowance | None]:
        """Have a trace inspected; policies see it as they see messages that are detected in."""

        def told(_: TraceDecision) -> tuple[Inspection, Step]:
            return Inspection(tuple(_contents(messages))), ALONE

        return self._rule(request, lambda it: it.inspect_trace(messages, tools=tools), told)

    def _rule(
        self,
        request: Request,
        work: Callable[[Guarding], _Ruling],
        told: Callable[[_Ruling], tuple[Inspection, Step]],
        *,
        admitted: bool = False,
    ) -> tuple[_Ruling, Allowance | None]:
        allowance = None if admitted else self._desk.admit(request)
        standing = self._desk.standing
        ruling = work(standing.guard)
        if self._desk.holds(request):
            what, step = told(ruling)
            ruling = self._ruled(replace(request, what=what, step=step), ruling, what)
        if standing.suspended is None:
            return ruling, allowance
        degraded = (standing.suspended, *ruling.degraded)
        return replace(ruling, action=Action.ALLOW, enforced=False, degraded=degraded), allowance

    def _ruled(self, request: Request, ruling: _Ruling, what: Inspection) -> _Ruling:
        """Give a ruling as it is after policies have had their say."""
        decided = self._desk.standing.inspector.decide(what)
        found = detection_of(ruling, decided.charter, decided.record, decided.degraded)
        said = ruling_of(self._desk.rule(request, found).decision)
        if said is None:
            return ruling
        return replace(
            ruling,
            action=said.action,
            policy_version=f"{ruling.policy_version}+{said.version}",
            degraded=(*ruling.degraded, *said.degraded),
            reasons=said.reasons,
        )

    def rewrite(
        self, request: Request, work: Callable[[Guarding], Rewrite]
    ) -> tuple[Rewrite, Allowance | None]:
        """Have a text changed: nothing is decided about it, so no policy is asked."""
        allowance = self._desk.admit(request)
        return work(self._desk.standing.guard), allowance


def _contents(messages: Inspectable) -> list[Content]:
    given = [messages] if isinstance(messages, str | Content) else messages
    request = open_request(given, messages_max=MESSAGES_MAX)
    places = [*request.head, *(request.place(at) for at in range(len(request.messages)))]
    read = (it.read(Origin.USER, Direction.INPUT).contents for it in places)
    return [content for contents in read for content in contents]
