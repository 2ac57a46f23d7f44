"""Words for what passes between a client and a server of tools."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.domain.content import Span
from aidefence.domain.enums import Action, Category, Severity


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding about a message. `pointer` leads to its place; the text itself is not told."""

    rule_id: str
    category: Category
    severity: Severity
    action: Action
    explanation: str
    pointer: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Ruled:
    """What is to become of a message or a part of it."""

    action: Action = Action.ALLOW
    stopped: bool = False
    """Whether it must not pass: bad enough, and policy is to enforce it."""
    reasons: tuple[Reason, ...] = ()

    def joined(self, other: Ruled) -> Ruled:
        """Both together: the worse of them counts."""
        return Ruled(
            max(self.action, other.action),
            self.stopped or other.stopped,
            (*self.reasons, *other.reasons),
        )


PASSED = Ruled()


@dataclass(frozen=True, slots=True, repr=False)
class Passage:
    """One text in a message. Its repr stays silent about it."""

    pointer: str
    text: str

    def __repr__(self) -> str:
        return f"Passage({self.pointer!r}, {len(self.text)} code points)"
