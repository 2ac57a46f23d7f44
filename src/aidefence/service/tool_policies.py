"""Policies asked about a session with a server of tools: definitions, calls, what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidefence.domain.asking import UNCONDITIONAL, Detection, Request, Step
from aidefence.domain.content import Content, Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Direction, Modality, Origin, Severity
from aidefence.domain.relaying import Reason, Ruled
from aidefence.domain.tools import Capability, Ruling, ToolFinding
from aidefence.pipeline.corridor import Corridor
from aidefence.ports.police import Police
from aidefence.service.inspect import conclude
from aidefence.service.policing import ruling_of
from aidefence.service.policy_rulings import detection_of

_DEFINES = Step(is_turn=False, is_definition=True)
_BROUGHT = Step()


class SessionPolicies:
    """Asks about one session, message after message; `request` says whose it is."""

    __slots__ = ("_corridor", "_police", "_request")

    def __init__(self, police: Police, request: Request, corridor: Corridor) -> None:
        self._police = police
        self._request = request
        self._corridor = corridor

    def defined(
        self, name: str, spelled: str, ruled: Ruled, findings: Sequence[ToolFinding]
    ) -> Ruled:
        """Rule on the definition of a tool: a document that a model is handed."""
        what = Inspection((Content(spelled, Origin.TOOL, tool=name),))
        return self._over(ruled, what, _DEFINES, self._found(ruled.action, what, findings))

    def called(
        self,
        name: str,
        spelled: str,
        ruled: Ruled,
        findings: Sequence[ToolFinding],
        can: frozenset[Capability],
    ) -> Ruled:
        """Rule on a call before the server hears of it."""
        made = Content(spelled, Origin.ASSISTANT, Modality.TOOL_CALL, name)
        what = Inspection((made,), Direction.OUTPUT)
        step = Step(is_turn=False, capabilities={name: can})
        return self._over(ruled, what, step, self._found(ruled.action, what, findings))

    def brought(
        self, contents: Sequence[Content], ruled: Ruled, decision: Decision, *, defines: bool
    ) -> Ruled:
        """Rule on what the server has brought; what it `defines` of itself taints nothing."""
        what = Inspection(tuple(contents))
        step = _DEFINES if defines else _BROUGHT
        return self._over(ruled, what, step, conclude(decision, UNCONDITIONAL))

    def _found(
        self, action: Action, what: Inspection, findings: Sequence[ToolFinding]
    ) -> Detection:
        told = self._corridor.inspect(what)
        enforced = self._corridor.charter.policy.enforced
        ruling = Ruling(action, enforced, tuple(findings), self._corridor.charter.policy_version)
        return detection_of(ruling, told.charter, told.record, told.degraded)

    def _over(self, ruled: Ruled, what: Inspection, step: Step, found: Detection) -> Ruled:
        request = replace(self._request, what=what, step=step)
        said = ruling_of(self._police.rule(request, found).decision)
        if said is None:
            return ruled
        stopped = found.enforced and said.action >= Action.REVIEW
        if said.action is Action.ALLOW:
            return Ruled(Action.ALLOW, stopped=False)
        named = zip(said.rules or ("policy",), said.reasons or ("a policy says so",), strict=False)
        category = found.category or Category.TOOL_ABUSE
        reasons = [Reason(rule, category, Severity.HIGH, said.action, told) for rule, told in named]
        return Ruled(said.action, stopped, (*reasons, *ruled.reasons))
