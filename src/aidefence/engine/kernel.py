"""The proof checker: a theory that is judged once, and certificates that build on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

from aidefence.domain.errors import ConfigError
from aidefence.engine import _native

STEPS_MAX: Final = 200_000_000
"""Steps of one check; a policy of 2,000 rules with 500 theorems takes a tenth of them."""
MEMORY_MAX: Final = 256 << 20
AXIOMS: Final = ("propext",)


Expressions = _native.Expressions
"""The expressions of an export by what they say, without a copy of it."""


@cache
def digest() -> str:
    """Name this checker by the SHA-256 of its sources, the same for every build of them."""
    return sha256(_native.KERNEL_SOURCES).hexdigest()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checker says of a proof; `reason` and `cause` are empty where it was accepted.

    `cause` is `malformed`, `wrong`, `unsupported` (may be true, but is not judged) or `limit`.
    """

    accepted: bool
    reason: str
    cause: str
    declarations: tuple[str, ...]
    axioms_used: tuple[str, ...]
    steps: int


class Theory:
    """An export that was judged whole. Threads may share it."""

    __slots__ = ("_native", "axioms_used", "declarations", "steps")

    def __init__(self, native: _native.Theory) -> None:
        self._native = native
        declarations, axioms, steps, _ = native.judged()
        self.declarations: Final = tuple(declarations)
        self.axioms_used: Final = tuple(axioms)
        self.steps: Final = steps

    @classmethod
    def load(
        cls,
        data: bytes,
        *,
        axioms: Sequence[str] = AXIOMS,
        steps_max: int = STEPS_MAX,
        memory_max: int = MEMORY_MAX,
    ) -> Theory:
        """Judge a whole export; `axioms` are those that may stand in it.

        Raises:
            ConfigError: it is not accepted; says line, declaration and reason.

        """
        try:
            native = _native.Theory(data, axioms=axioms, steps_max=steps_max, memory_max=memory_max)
        except _native.ProofError as refusal:
            raise ConfigError(f"the theory is not accepted: {refusal}") from refusal
        return cls(native)

    def check(
        self,
        delta: bytes,
        *,
        prefix: str,
        steps_max: int = STEPS_MAX,
        memory_max: int = MEMORY_MAX,
    ) -> Judged:
        """Judge what an export adds: definitions and theorems, all named under `prefix`."""
        try:
            declarations, axioms, steps, _ = self._native.check(
                delta, prefix=prefix, steps_max=steps_max, memory_max=memory_max
            )
        except _native.ProofError as refusal:
            return Judged(False, str(refusal), refusal.cause, (), (), refusal.steps)
        return Judged(True, "", "", tuple(declarations), tuple(axioms), steps)


def check_proof(
    theory: bytes,
    delta: bytes,
    *,
    prefix: str,
    axioms: Sequence[str] = AXIOMS,
    steps_max: int = STEPS_MAX,
    memory_max: int = MEMORY_MAX,
) -> Judged:
    """Judge a theory and what is added to it, from nothing.

    Raises:
        ConfigError: the theory itself is not accepted.

    """
    judged = Theory.load(theory, axioms=axioms, steps_max=steps_max, memory_max=memory_max)
    return judged.check(delta, prefix=prefix, steps_max=steps_max, memory_max=memory_max)
