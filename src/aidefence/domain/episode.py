"""What stays of one decision: the verdict and its evidence, and of the content a digest."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidefence.domain.content import Degraded, Span
from aidefence.domain.enums import Action, Category, Direction, Severity


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding, as it is remembered: where and which rule, never the text."""

    rule_id: str
    category: Category
    severity: Severity
    score: float
    span: Span
    content: int
    """In which of the contents, counted from 0."""
    mention: bool
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """The memory of one inspection."""

    id: str
    """The id of the request."""
    at_ms: int
    door: str
    node: str
    """Where it was decided: the `location` of the feed."""
    caller: str
    tenant: str
    direction: Direction
    detected: bool
    action: Action
    enforced: bool
    category: Category | None
    severity: Severity
    confidence: float
    elapsed_ns: int
    tiers: tuple[int, ...]
    policy_version: str
    digest: str
    """Names the content by a key of this installation: equal contents have equal digests."""
    evidence: tuple[Evidence, ...] = ()
    degraded: tuple[Degraded, ...] = ()
    user: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    cursor: int = 0
    """Its place in the order in which the store took episodes; 0 while only the journal has it."""


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which threats somebody wants to hear of; an empty set is no condition."""

    severity_min: Severity = Severity.LOW
    categories: frozenset[Category] = frozenset()
    locations: frozenset[str] = frozenset()


EVERYTHING = FeedFilter()


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Threats in the order in which they came, and where to go on reading."""

    episodes: tuple[Episode, ...]
    cursor: int
    """Behind everything that was looked at, even where nothing of it fitted."""


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the way of episodes into the store is."""

    waiting_bytes: int
    """Written down and not yet in the store."""
    lost: int
    """Episodes that this process could not write down."""
    damaged_bytes: int
    """What this process found unreadable in journals."""
    problem: str | None
    """What keeps it from going on at the moment."""
