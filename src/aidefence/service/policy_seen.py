"""One event as a policy may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.asking import ALONE, NO_CONTEXT, Context, Step
from aidefence.domain.content import Content, Degraded, Inspection
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Direction, Origin
from aidefence.service.policy_calls import Call
from aidefence.service.policy_sessions import Past

Facts = Mapping[str, object]
NO_FACTS: Facts = MappingProxyType({})


@dataclass(slots=True)
class Seen:
    """One event as a policy may see it. Never changed."""

    decision: Decision
    what: str | Inspection
    origin: Origin = Origin.USER
    direction: Direction = Direction.INPUT
    caller: Caller = LOCAL
    context: Context = NO_CONTEXT
    door: str = "library"
    call: Call | None = None
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    """What the application or the session tells, by names of the catalog."""
    now_ms: int = 0
    past: Past | None = None
    """The session so far, where one is named."""
    taints: frozenset[str] = frozenset()
    """What this very request has brought in."""
    step: Step = ALONE
    risk: float | None = None
    """The risk of the session, where sessions are followed."""

    def contents(self) -> tuple[Content, ...]:
        """The parts, also of a mere text."""
        if isinstance(self.what, str):
            return (Content(self.what, self.origin),)
        return self.what.contents

    def missed(self) -> tuple[Degraded, ...]:
        """What could not be learned of the event."""
        return () if self.call is None else self.call.missed

    @property
    def is_mixed(self) -> bool:
        """Whether findings are known of some contents alone, and not of which ones."""
        return len(self.decision.records) != len(self.contents())

    def way(self) -> Direction:
        """Whether it is on its way to the model or from it."""
        return self.direction if isinstance(self.what, str) else self.what.direction


Read: TypeAlias = Callable[[Seen], int]
