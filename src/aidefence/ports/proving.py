"""Proofs about policies, wherever they are looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from aidefence.domain.enums import Action
from aidefence.domain.policy_store import PolicyVersion, Progress, ProofReport

Told: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Proven:
    """What came of an attempt; a certificate only where everything was proved."""

    report: ProofReport
    certificate: bytes | None = None
    expires_ms: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One request that two versions decide differently; both were replayed."""

    request: Mapping[str, object]
    old: Action
    new: Action


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where two versions differ; `complete` says whether nothing else can be found."""

    equivalent: bool
    stricter: bool
    """Whether the new one allows nothing that the old one did not."""
    complete: bool
    differences: tuple[Difference, ...] = ()
    reason: str = ""


class Prover(Protocol):
    """Looks for proofs and judges them. It may take long, and is never asked by a request."""

    def basis(self, version: PolicyVersion) -> str:
        """Name all that a proof about this version would rest on."""

    def prove(self, version: PolicyVersion, told: Told) -> Proven:
        """Prove the claims about a version, or find what breaks them.

        Raises:
            UnavailableError: no proof could be looked for.

        """

    def fault(self, version: PolicyVersion, certificate: bytes, now_ms: int) -> str:
        """Judge a certificate from nothing; gives what is wrong with it, or nothing."""

    def compare(self, old: PolicyVersion, new: PolicyVersion) -> Comparison:
        """Look where two versions decide differently.

        Raises:
            UnavailableError: it could not be looked for.

        """
