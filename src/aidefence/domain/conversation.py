"""What is known of a conversation, and what is decided about its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar, cast

from aidefence.domain.content import Degraded, Span
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.verdict import Finding
from aidefence.domain.withholding import without

_Chat = TypeVar("_Chat")

NAME_LEN_MAX = 512
# A message of the conversation is known by so many bytes of a keyed hash.
DIGEST_BYTES = 16


class Joint(StrEnum):
    """How pieces of several messages were put together."""

    PARTS = "parts"
    VARIABLES = "variables"
    TURNS = "turns"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Trajectory:
    """How risk rises and falls, and from where on it counts.

    A message adds what its confidence has above `floor`, weighed by `gain`; of the risk before it
    the share `kept` remains, and half of that after `half_life_ms` of silence. A message that adds
    to a risk over `threshold` gets at least `action`; one that adds nothing is left alone.
    """

    floor: float = 0.4
    gain: float = 0.8
    kept: float = 0.9
    half_life_ms: int = 1_800_000
    threshold: float = 0.55
    action: Action = Action.FLAG

    def after(self, risk: float, silence_ms: int) -> float:
        """Return what remains of a risk when the next message comes."""
        return risk * self.kept * float(0.5 ** (max(0, silence_ms) / self.half_life_ms))

    def added(self, confidence: float) -> float:
        """Return what a message of this confidence adds."""
        above = max(0.0, (confidence - self.floor) / (1.0 - self.floor))
        return min(1.0, above * self.gain)

    @staticmethod
    def together(risk: float, added: float) -> float:
        """Return both as one, which is never more than 1."""
        return 1.0 - (1.0 - risk) * (1.0 - added)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What is done about a conversation."""

    quarantine: Action = Action.BLOCK
    trajectory: Trajectory = Trajectory()
    assemble: bool = True


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a message that may be one of an attack. Its repr stays silent about the text."""

    turn: int
    index: int | None
    """Its message's place in the list, as that stood when the state was written."""
    content: int
    start: int
    confidence: float
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class State:
    """What remains of a conversation between two messages. Bounded, whatever was said."""

    turns: int = 0
    listed: int = 0
    """How many messages the list held that was last inspected whole."""
    risk: float = 0.0
    at_ms: int = 0
    tail: bytes = b""
    """Digests of the last messages."""
    said: tuple[Fragment, ...] = ()
    """What the user said last."""
    shown: tuple[Fragment, ...] = ()
    """What documents, tools and memory brought last."""
    heard: Action = Action.ALLOW
    """The gravest action for something that was put together from what was said or shown last."""
    heard_turn: int = 0
    watched: Mapping[str, bytes] = field(default_factory=dict)
    """What those who follow the conversation keep."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided about a message when it was inspected."""

    action: Action
    category: Category | None
    severity: Severity
    confidence: float
    quarantined: bool
    by_context: bool = False
    """It was not the message alone that led to it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message that became a part of something else.

    `turn` counts the messages of the conversation from 0; `index` is the place in the list that
    was handed in, where it still holds the message. The span is of the content of that number.
    """

    turn: int
    index: int | None
    content: int
    span: Span


@dataclass(frozen=True, slots=True)
class Assembled:
    """Pieces that say together what none of them says alone."""

    how: Joint
    pieces: tuple[Piece, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Told:
    """What was decided about one message.

    `index` is its place in the list that was handed in, `path` a JSON pointer to it; a document
    or a system text that stands beside the messages has a path alone. `decision` is there for a
    message that was inspected now; of others only the outcome is known.
    """

    path: str
    index: int | None
    turn: int | None
    outcome: Outcome
    decision: Decision | None = None
    found: tuple[Finding, ...] = ()
    """What those say who follow the whole conversation."""

    @property
    def quarantined(self) -> bool:
        """Whether the message must not go on to the model."""
        return self.outcome.quarantined

    @property
    def action(self) -> Action:
        """What to do with the message."""
        return self.outcome.action

    @property
    def category(self) -> Category | None:
        """The leading category; none where it is taken for benign."""
        return self.outcome.category


@dataclass(frozen=True, slots=True)
class ConversationDecision:
    """What policy says about the newest turn of a conversation, and what is quarantined in all.

    The action is that of the newest turn: everything since the model last spoke, and what was
    never seen before. What was quarantined earlier stays so and blocks nothing else.
    """

    action: Action
    enforced: bool
    risk: float
    messages: tuple[Told, ...]
    """Messages that are new, in their order."""
    quarantined: tuple[Told, ...]
    """All messages of the list that must not go on to the model, new and old."""
    assembled: tuple[Assembled, ...]
    degraded: tuple[Degraded, ...]
    reasons: tuple[str, ...]
    policy_version: str
    elapsed_ns: int = field(compare=False)

    @property
    def blocked(self) -> bool:
        """Whether the newest turn must not pass."""
        return self.action is Action.BLOCK and self.enforced

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The evidence in new messages, message by message."""
        return tuple(
            finding
            for told in self.messages
            for finding in (*(told.decision.findings if told.decision else ()), *told.found)
        )

    def without_quarantined(self, messages: _Chat) -> _Chat:
        """Give a copy of the list or request that was inspected, less what is quarantined.

        The result of a tool is emptied and stays in its place: its call waits for it. A call that
        is quarantined goes together with its result.
        """
        return cast("_Chat", without(messages, [told.path for told in self.quarantined]))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation is kept: a name that tells nothing, and that of all its versions."""

    tag: bytes
    owner: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store knows of a conversation.

    `epoch` is another number whenever digests were dropped: who remembers that all were there
    must ask again.
    """

    revision: int
    epoch: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a change: the epoch it is kept in, and whether older outcomes were dropped."""

    epoch: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of one message under its digest, as a store keeps it."""

    digest: bytes
    outcome: bytes
    quarantined: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What one call changes. `revision` is the one it stands on; 0 where there was none."""

    revision: int
    sealed: bytes = field(repr=False)
    rows: Sequence[Row]
    now_ms: int
    expires_ms: int
    rows_max: int
