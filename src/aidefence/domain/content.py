"""What is inspected: parts of a request, each with the place it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from aidefence.domain.enums import Direction, Modality, Origin


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points in the original content."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span `{self.start}..{self.end}` is not a range")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The part of `text` that this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """One part of a request or an answer. Its repr stays silent about the text.

    `tool` is the name of the tool that is called or has answered, `call_id` what ties call and
    result together, `source` what a document calls itself.
    """

    text: str
    origin: Origin = Origin.USER
    modality: Modality = Modality.TEXT
    tool: str | None = None
    call_id: str | None = None
    source: str | None = None

    @property
    def digest(self) -> str:
        """A name for the text that tells nothing about it, fit for logs."""
        data = self.text.encode("utf-8", "surrogatepass")
        return blake2b(data, digest_size=16).hexdigest()

    def __repr__(self) -> str:
        return f"Content({len(self.text)} code points, origin={self.origin.value})"


@dataclass(frozen=True, slots=True)
class Degraded:
    """A check that was asked for and did not run, and why."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """One request or answer under examination, and what of it we could not read."""

    contents: tuple[Content, ...]
    direction: Direction = Direction.INPUT
    unread: tuple[Degraded, ...] = ()
