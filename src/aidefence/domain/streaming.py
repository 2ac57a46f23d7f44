"""Words for text that is still coming in: how it goes out, piece by piece, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from aidefence.domain.content import Degraded
from aidefence.domain.decision import Decision
from aidefence.domain.verdict import Finding

KEPT_BYTES = 1 << 20
KEPT_BYTES_MIN = 64 << 10


class StreamMode(StrEnum):
    """When text of a stream goes out."""

    HOLD = "hold"
    TAIL = "tail"
    AUDIT = "audit"


class OnFinding(StrEnum):
    """What a stream does about a value that it holds."""

    STOP = "stop"
    REDACT = "redact"


class Released(NamedTuple):
    """What one piece led to: text to send on, new evidence, and whether it is over.

    Its repr stays silent about the text.
    """

    text: str
    findings: tuple[Finding, ...] = ()
    stopped: bool = False

    @property
    def data(self) -> bytes:
        """The text as UTF-8."""
        return self.text.encode()

    def __repr__(self) -> str:
        told = f"{len(self.text)} code points, {len(self.findings)} findings"
        return f"Released({told}{', stopped' if self.stopped else ''})"


@dataclass(frozen=True, slots=True)
class StreamTally:
    """How a stream went, in UTF-8 bytes."""

    bytes: int
    pieces: int
    held_mean: float
    held_max: int
    looks: int
    judged: int


@dataclass(frozen=True, slots=True, repr=False)
class StreamEnd:
    """How a stream ended: the rest of the text, the decision on all of it, and what was missed.

    `late` are values that only the whole text shows, where part of them had gone out. Its repr
    stays silent about the text.
    """

    text: str
    decision: Decision
    findings: tuple[Finding, ...]
    stopped: bool
    late: tuple[Finding, ...]
    degraded: tuple[Degraded, ...]
    tally: StreamTally

    @property
    def data(self) -> bytes:
        """The text as UTF-8."""
        return self.text.encode()

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        return not self.degraded

    def __repr__(self) -> str:
        ended = "stopped" if self.stopped else "finished"
        return f"StreamEnd({ended}, {len(self.text)} code points, {self.decision!r})"
