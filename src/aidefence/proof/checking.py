"""The checker that judges proofs, as this room sees it: text in, verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from aidefence import __version__
from aidefence.engine import kernel
from aidefence.knowledge.theory import Part
from aidefence.proof.theory import Theory, shipped

AXIOMS = kernel.AXIOMS
"""What a certificate may rest on beside the rules of logic themselves."""

# Enough for thousands of rules and hundreds of theorems about them; proving is never in a hurry
# to answer a request.
_STEPS_MAX = 500_000_000
_MEMORY_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the checker said about a continuation of the theory."""

    accepted: bool
    reason: str = ""
    declarations: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()


class Checker(Protocol):
    """Judges continuations of one theory."""

    name: str
    version: str
    digest: str

    def check(self, delta: bytes, scope: str) -> Judgement:
        """Judge a text whose definitions and theorems all stand under the name `scope`."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What proofs stand on: a theory, and a checker that has judged it."""

    theory: Theory
    checker: Checker


@lru_cache(maxsize=len(Part))
def ground_of(part: Part) -> Ground:
    """Take a part of the theory of this installation; it is judged once in a process.

    Raises:
        ModelError: it is not there, or damaged.
        ConfigError: the checker does not accept it.

    """
    theory = shipped(part)
    return Ground(theory, Kernel(theory))


class Kernel:
    """The checker of this installation, with the theory judged once and kept."""

    name = "aidefence-kernel"
    version = __version__
    digest = kernel.digest()

    def __init__(self, theory: Theory) -> None:
        """Judge the theory.

        Raises:
            ConfigError: it is not accepted.

        """
        self._theory = kernel.Theory.load(theory.text)

    def check(self, delta: bytes, scope: str) -> Judgement:
        """Judge a text whose definitions and theorems all stand under the name `scope`."""
        judged = self._theory.check(
            delta, prefix=scope, steps_max=_STEPS_MAX, memory_max=_MEMORY_MAX
        )
        return Judgement(judged.accepted, judged.reason, judged.declarations, judged.axioms_used)
