"""What came of a property: proved, found to hold, broken by what can be shown, unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from aidefence.policy.conditions import Cond
from aidefence.policy.properties import Property
from aidefence.proof.trees import Tree


@dataclass(frozen=True, slots=True)
class TreeEvidence:
    """A tree that shows: whenever the premise holds, the decision lies in the mask.

    `domain` holds the features whose greatest value the proof leans on, here and below.
    """

    premise: Cond
    mask: int
    domain: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class CompleteEvidence:
    """A tree that shows: some rule always applies."""

    domain: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class ConflictEvidence:
    """One tree a rule: no later rule of its priority with another action applies with it."""

    domain: tuple[int, ...]
    trees: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class WitnessEvidence:
    """A request for which a condition holds and whose decision lies in the mask."""

    values: tuple[int, ...]
    when: Cond
    mask: int


@dataclass(frozen=True, slots=True)
class LiveEvidence:
    """A request that a rule decides; rules are numbered from nought."""

    values: tuple[int, ...]
    rule: int


@dataclass(frozen=True, slots=True)
class MonotoneEvidence:
    """Every rule passes the syntactic test: raising the feature never weakens the decision."""

    feature: int


@dataclass(frozen=True, slots=True)
class WalkEvidence:
    """Walks through both lists of rules: the policy is as strict as the other one everywhere.

    `fuel` has the steps of that walk and, where both decide alike, of the one the other way round.
    """

    than: str
    domain: tuple[int, ...]
    fuel: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RateEvidence:
    """A tree that shows: what a count of the policy has counted up to the limit is stopped."""

    feature: int
    domain: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class AlwaysEvidence:
    """A tree that shows: every request for which the condition fails is stopped."""

    always: Cond
    domain: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class EnforcedEvidence:
    """A temporal rule has the very formula, and stops what would break it."""

    rule: int


Evidence: TypeAlias = (
    TreeEvidence
    | CompleteEvidence
    | ConflictEvidence
    | WitnessEvidence
    | LiveEvidence
    | MonotoneEvidence
    | WalkEvidence
    | RateEvidence
    | AlwaysEvidence
    | EnforcedEvidence
)
TIMED = (RateEvidence, AlwaysEvidence, EnforcedEvidence)
"""Evidence for what holds over several events; it stands on the part of the theory about time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One request of a trace, with what the policy's evaluator really decided about it."""

    values: tuple[int, ...]
    at_ms: int
    action: int
    rules: tuple[int, ...] = ()
    violated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counterexample:
    """What breaks a property: a request, a trace of them, or what stands in the policy itself.

    `policy` names whose evaluator decided an event where two policies are compared.
    """

    events: tuple[Event, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof was found; `theorem` is what a checker accepted, empty before it judged."""

    property: Property
    method: str
    evidence: Evidence
    theorem: str = ""


@dataclass(frozen=True, slots=True)
class Searched:
    """A search through all cases found nothing that breaks it; that is a result, not a proof."""

    property: Property
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuted:
    """It does not hold, and this shows it."""

    property: Property
    counterexample: Counterexample


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nobody knows; says why."""

    property: Property
    reason: str


Outcome: TypeAlias = Proved | Searched | Refuted | Undecided
