"""A process that elaborates Lean and says what it found. Nobody has to believe it.

What it exports is judged by the product's own proof checker; what it reports here only tells which
attempt is worth judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aidefence.domain.errors import AIDefenceError


class ProverError(AIDefenceError):
    """No prover is there, it does not start, or it ended in the middle of a request."""


class ProverTimeoutError(ProverError):
    """The prover did not answer in time and was ended."""


class ModelWay(StrEnum):
    """How a model is asked for a proof."""

    WHOLE = "whole"  # for whole proofs; it is told what Lean said of the last
    TOOLS = "tools"  # it may try proofs and search lemmas before it answers


class Severity(StrEnum):
    """How much a message matters."""

    INFORMATION = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """What the elaborator said about a place; lines from 1, columns in characters from 0."""

    severity: Severity
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a theorem that was asked about."""

    name: str
    kind: str  # theorem, def, axiom, other; empty: not there
    statement: str = ""  # where theorems are listed
    statement_name: str = ""  # the constant that the type is, if it is one
    library: tuple[str, ...] = ()  # statements of the library that it rests on
    axioms: tuple[str, ...] = ()  # axioms of the text itself


@dataclass(frozen=True, slots=True)
class Elaborated:
    """What became of a text."""

    errors: bool
    refused: str  # what in the text may not be elaborated; empty: nothing
    messages: tuple[Message, ...] = ()
    theorems: tuple[Found, ...] = ()
    ms: int = 0

    @property
    def ok(self) -> bool:
        """Whether it may be judged: no error, nothing refused."""
        return not self.errors and not self.refused


@dataclass(frozen=True, slots=True)
class Exported:
    """The closure of some theorems in the public export format."""

    elaborated: Elaborated
    lines: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()  # statements without a proof in the export
    declarations: int = 0

    def data(self) -> bytes:
        """Return the export as one file."""
        return "".join(self.lines).encode()


class Prover(Protocol):
    """One running process; not for two threads at once."""

    @property
    def name(self) -> str:
        """Which Lean it is, for people."""
        ...

    def load(self, text: str, *, guarded: bool = False) -> Elaborated:
        """Elaborate and, if there is no error, keep."""
        ...

    def drop(self) -> None:
        """Forget what the last `load` kept."""
        ...

    def check(
        self, text: str, theorems: Sequence[str] = (), *, heartbeats: int = 200_000
    ) -> Elaborated:
        """Elaborate what a stranger wrote, report on theorems, forget."""
        ...

    def export(self, roots: Sequence[str], text: str = "") -> Exported:
        """Elaborate `text`, write down what `roots` stand on, forget."""
        ...

    def listed(self, prefix: str) -> tuple[Found, ...]:
        """Return the theorems whose names start so."""
        ...

    def close(self) -> None:
        """End the process."""
        ...
