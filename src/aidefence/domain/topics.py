"""What texts are about, told by examples."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidefence.domain.lists import DenyEntry


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: texts that are about it, texts that are not, and what happens to those that are."""

    entry: DenyEntry
    """Its id, reason, scope, end, category, severity and action."""
    examples: tuple[str, ...] = field(repr=False)
    counter: tuple[str, ...] = field(repr=False)
    threshold: float | None
    """The score from which a text is about it; else `false_alarms` chooses."""
    false_alarms: float
    """The share of ordinary texts and counter-examples that may be taken for it."""
