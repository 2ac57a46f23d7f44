"""Policies from files, held against what one guard inspects: they need no gateway and no store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic_ns

from aidefence.domain.answer import AnswerReport
from aidefence.domain.asking import Context
from aidefence.domain.canonical import canonical
from aidefence.domain.content import Content, Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import DIRECTIONS, ORIGINS, Direction, Modality, Origin
from aidefence.domain.tools import CallDecision
from aidefence.pipeline.corridor import Corridor
from aidefence.ports.policy_states import PolicyStates
from aidefence.respond.batch import DecisionBatch
from aidefence.service.policing import Panel, Policing, Running
from aidefence.service.policy_calls import Classify, read_call
from aidefence.service.policy_events import events_of, rule_all
from aidefence.service.policy_rulings import record_of
from aidefence.service.policy_seen import Seen


class House:
    """Policies that decide after the profile. Safe to share between threads."""

    __slots__ = ("_classify", "_panel", "_policing")

    def __init__(
        self,
        policies: Sequence[Running],
        states: PolicyStates,
        now_ms: Callable[[], int],
        classify: Classify,
    ) -> None:
        """`states` keeps what policies remember, `classify` tells what a tool can do."""
        self._classify = classify
        self._panel = Panel(policies)
        self._policing = Policing(states, now_ms)

    @property
    def version(self) -> str:
        """Name the policies, by version and digest."""
        return self._panel.version

    @property
    def remembers(self) -> bool:
        """Whether what one of them says may depend on earlier events."""
        return any(self._panel.sets.remembers)

    def over(self, decision: Decision, inspection: Inspection, session: str | None) -> Decision:
        """Give the decision on contents as it is after policies have had their say."""
        return self._rule(Seen(decision, inspection, context=Context(session=session)))

    def over_text(
        self, decision: Decision, text: str, codes: tuple[int, int], session: str | None
    ) -> Decision:
        """Give the decision on one text; `codes` are those of origin and direction."""
        origin, direction = ORIGINS[codes[0]], DIRECTIONS[codes[1]]
        return self._rule(Seen(decision, text, origin, direction, context=Context(session=session)))

    def over_batch(
        self,
        batch: DecisionBatch,
        texts: Sequence[str],
        codes: tuple[int, int],
        session: str | None,
    ) -> DecisionBatch:
        """Give the decisions on many texts; each is an event, in their order."""
        return batch.ruled(lambda at, it: self.over_text(it, texts[at], codes, session))

    def over_answer(
        self, report: AnswerReport, answer: str, origin: Origin, session: str | None
    ) -> AnswerReport:
        """Give the report on an answer; what a check of it made graver, stays so."""
        codes = origin.code, Direction.OUTPUT.code
        return replace(report, decision=self.over_text(report.decision, answer, codes, session))

    def over_call(
        self, call: CallDecision, arguments: object, corridor: Corridor, session: str | None
    ) -> CallDecision:
        """Give the decision on a tool call; what its arguments say was found counts, too."""
        spelled = arguments if isinstance(arguments, str) else canonical(arguments)
        charter = corridor.charter_of(Direction.OUTPUT.code)
        found = corridor.evidence(spelled, Origin.ASSISTANT.code, Direction.OUTPUT.code).record
        content = Content(spelled, Origin.ASSISTANT, Modality.TOOL_CALL, call.tool)
        # Its definition may be known, which says more than its name.
        made = read_call(content, lambda _: frozenset(call.capabilities))
        seen = Seen(
            Decision(record_of(call.action, call.findings, found), charter, 0, (), call.degraded),
            Inspection((content,), Direction.OUTPUT),
            context=Context(session=session),
            call=made,
        )
        ruling = self._policing.rule(seen, self._panel)
        return replace(
            call,
            action=ruling.action,
            policy_version=f"{call.policy_version}+{ruling.version}",
            degraded=(*call.degraded, *ruling.degraded),
            reasons=ruling.reasons,
        )

    def _rule(self, seen: Seen) -> Decision:
        begun_ns = monotonic_ns()
        ruling = rule_all(self._policing, events_of(seen, self._classify), self._panel)
        return ruling.over(seen.decision, monotonic_ns() - begun_ns)
