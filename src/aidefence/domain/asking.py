"""One question at a door, and the answer to it, whichever door it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.answer import AnswerReport, Asked
from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.conversation import ConversationDecision
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Coded
from aidefence.domain.refusals import Allowance
from aidefence.domain.tools import Capability


class Detector(StrEnum):
    """Detectors that a client may name."""

    NEURO_SYMBOLIC = "neuro-symbolic"
    MULTIMODAL = "multimodal"
    TEMPORAL = "temporal"


class Priority(Coded):
    """What is served first when not all can be."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a client asks of one inspection beyond the operator's policy."""

    threshold: float | None = None
    detectors: tuple[Detector, ...] = ()
    causal_analysis: bool = False


Facts: TypeAlias = Mapping[str, str | int | float | bool]
FACTS_MAX = 64
FACT_NAME_MAX = 100
FACT_VALUE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a client asks, as the client says. Nothing of it is inspected."""

    user: str | None = None
    session: str | None = None
    address: str | None = None
    agent: str | None = None
    facts: Facts = field(default_factory=dict, hash=False, repr=False)
    """What the application tells of this request, for policies to ask about."""


UNCONDITIONAL = Conditions()
NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Step:
    """What policies must know of a request that is one step of something larger."""

    is_turn: bool = True
    """Whether it is a message of its own; a later part of an answer is none."""
    calls_made: bool = False
    """Its calls are history: they were judged when the model asked for them."""
    is_definition: bool = False
    """It defines tools, and brings nothing into a session that it would follow."""
    taints: frozenset[str] = frozenset()
    """What had come in before it, as far as whoever asks can see; by names of the catalog."""
    seen: tuple[str, ...] = field(default=(), repr=False)
    """What tools and documents had said before it, where whoever asks knows."""
    task: str = field(default="", repr=False)
    """What users and the operator had said."""
    capabilities: Mapping[str, frozenset[Capability]] = field(default_factory=dict)
    """What called tools can do whose definitions are known."""


ALONE = Step()


# These two are made for every text: to freeze them would cost a microsecond for each.
@dataclass(slots=True)
class Request:
    """What a door brings in: a text of a user, or contents that belong together. Never changed."""

    what: str | Inspection
    id: str
    door: str
    caller: Caller = LOCAL
    peer: str | None = None
    """The address at the other end of the connection."""
    conditions: Conditions = UNCONDITIONAL
    context: Context = NO_CONTEXT
    priority: Priority = Priority.MEDIUM
    since_ns: int = 0
    """When it came in, on the clock that is monotonic; 0 if nobody looked."""
    answers: Asked | None = None
    """What an answer of a model is held against; `what` is then this answer, a text."""
    deadline_ns: int = 0
    """When the client needs the answer, on the same clock; 0 if it did not say."""
    chat: object | None = None
    """The chat as it came, where `what` is one: what follows sessions knows its old messages."""
    step: Step = ALONE

    def __repr__(self) -> str:
        return f"Request({self.id}, {self.door}, {self.caller.id})"


@dataclass(slots=True)
class Detection:
    """A decision seen under a client's conditions. Never changed."""

    decision: Decision
    detected: bool
    action: Action
    category: Category | None
    degraded: tuple[Degraded, ...]
    enforced: bool
    """Whether the action is really applied: neither an observing policy nor a kill switch."""
    allowance: Allowance | None = None
    """What is left of the limit that is nearest."""
    report: AnswerReport | None = None
    """What more was noticed about an answer, for those who asked."""
    talk: ConversationDecision | None = None
    """What the session said together, where it is followed."""
