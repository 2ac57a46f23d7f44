"""Slow proving, off the path: what holds of a policy, what breaks it, and who can check that."""

from aidefence.proof.budget import Budget
from aidefence.proof.deciding import decide
from aidefence.proof.outcomes import (
    Counterexample,
    Event,
    Outcome,
    Proved,
    Refuted,
    Searched,
    Undecided,
)

__all__ = [
    "Budget",
    "Counterexample",
    "Event",
    "Outcome",
    "Proved",
    "Refuted",
    "Searched",
    "Undecided",
    "decide",
]
