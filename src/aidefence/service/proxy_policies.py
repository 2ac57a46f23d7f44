"""Policies asked about an answer of a model: what it says, and each call that it wants made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidefence.domain.asking import UNCONDITIONAL, Detection, Request, Step
from aidefence.domain.content import Content, Inspection
from aidefence.domain.enums import Action, Direction, Modality, Origin
from aidefence.domain.tools import CallDecision
from aidefence.service.desk import Desk
from aidefence.service.inspect import Inspector
from aidefence.service.policing import ruling_of
from aidefence.service.policy_rulings import detection_of


class AnswerPolicies:
    """Asks about one answer, part after part; used by one task at a time.

    Each text is an event as it ends, and so is each call: in the request that brings the call
    back it is history. The first of them counts as the message that the answer is.
    """

    __slots__ = ("_before", "_begun", "_desk", "_inspector", "_request", "holds")

    def __init__(self, desk: Desk, inspector: Inspector, request: Request, before: Step) -> None:
        """`before` says what the request and all before it have brought in."""
        self._desk = desk
        self._inspector = inspector
        self._request = request
        self._before = before
        self._begun = False
        self.holds = desk.holds(request)
        """Whether some policy is asked at all."""

    def said(self, contents: Sequence[Content], found: Detection) -> Detection:
        """Give what was found in texts as it is after policies have had their say."""
        return self._rule(Inspection(tuple(contents), Direction.OUTPUT), found, self._before)

    def called(self, call: CallDecision, arguments: str, call_id: str | None) -> Detection:
        """Give what was ruled of a call as it is after policies have had their say."""
        made = Content(arguments, Origin.ASSISTANT, Modality.TOOL_CALL, call.tool, call_id)
        what = Inspection((made,), Direction.OUTPUT)
        told = self._inspector.inspect(what, UNCONDITIONAL).decision
        found = detection_of(call, told.charter, told.record, told.degraded)
        known = {call.tool: frozenset(call.capabilities)}
        return self._rule(what, found, replace(self._before, capabilities=known))

    def _rule(self, what: Inspection, found: Detection, step: Step) -> Detection:
        step = replace(step, is_turn=not self._begun)
        self._begun = True
        name = f"{self._request.id}.answer"
        return self._desk.rule(replace(self._request, id=name, what=what, step=step), found)


def stops(found: Detection, stop_at: Action) -> bool:
    """Whether something must not go on: what a policy puts to review counts as stopped."""
    ruling = ruling_of(found.decision)
    least = stop_at if ruling is None else min(stop_at, Action.REVIEW)
    return found.enforced and found.action >= least


def rules_of(found: Detection) -> tuple[str, ...]:
    """Name the rules of policies that led to what was decided."""
    ruling = ruling_of(found.decision)
    return () if ruling is None else ruling.rules
