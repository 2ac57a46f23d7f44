"""Policies from files, held against what one guard inspects: they need no gateway and no store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aidefence.domain.asking import Context
from aidefence.domain.content import Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import DIRECTIONS, ORIGINS
from aidefence.ports.policy_states import PolicyStates
from aidefence.respond.batch import DecisionBatch
from aidefence.service.policing import Panel, Policing, Running
from aidefence.service.policy_values import Seen


class House:
    """Policies that decide after the profile. Safe to share between threads."""

    __slots__ = ("_panel", "_policing")

    def __init__(
        self, policies: Sequence[Running], states: PolicyStates, now_ms: Callable[[], int]
    ) -> None:
        """`states` keeps what policies remember of sessions."""
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

    def _rule(self, seen: Seen) -> Decision:
        return self._policing.decide(seen, self._panel)
