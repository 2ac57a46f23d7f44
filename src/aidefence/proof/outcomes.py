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

    `subject` names the rules it is about: `rules`, those of the policy; `cover`, the same
    conditions with nothing but `block`; `pair:I:J`, one rule that blocks where two rules apply.
    `domain` holds the features whose greatest value the proof leans on.
    """

    subject: str
    premise: Cond
    mask: int
    domain: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class WitnessEvidence:
    """A request for which a condition holds and on which the policy decides as told."""

    values: tuple[int, ...]
    when: Cond
    action: int
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class MonotoneEvidence:
    """Every rule passes the syntactic test: raising the feature never weakens the decision."""

    feature: int


@dataclass(frozen=True, slots=True)
class WalkEvidence:
    """Both lists of rules were walked together: one is at least as strict everywhere.

    `forward`: the policy is as strict as the other one; else the other way round.
    """

    than: str
    fuel: int
    forward: bool = True


Evidence: TypeAlias = TreeEvidence | WitnessEvidence | MonotoneEvidence | WalkEvidence


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
    """A proof was found; `theorems` are those that the checker accepted, none before it judged."""

    property: Property
    method: str
    evidence: tuple[Evidence, ...]
    theorems: tuple[str, ...] = ()


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
