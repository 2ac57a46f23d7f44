"""Lists of what is always and what is never let through, each entry with a reason and an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.enums import Action, Category, Direction, Origin, Severity

DENIED_PREFIX = "denied:"
"""Findings of deny lists carry names that begin so; no rule does."""


class ListKind(StrEnum):
    """How an entry is compared with a value."""

    VALUE = "value"
    PHRASE = "phrase"
    DOMAIN = "domain"
    EMAIL = "email"
    IP = "ip"
    REGEX = "regex"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an entry counts; what is empty is not asked."""

    categories: frozenset[Category] = frozenset()
    entities: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    origins: frozenset[Origin] = frozenset()
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list."""

    id: str
    kind: ListKind
    pattern: str = field(repr=False)
    scope: Scope
    reason: str
    expires_ms: int | None
    """From this Unix time on, in milliseconds, it no longer counts."""

    def is_over(self, now_ms: int) -> bool:
        """Whether its time has passed."""
        return self.expires_ms is not None and now_ms >= self.expires_ms


@dataclass(frozen=True, slots=True)
class DenyEntry(ListEntry):
    """What must not be there, and what happens where it is."""

    category: Category
    severity: Severity
    action: Action


@dataclass(frozen=True, slots=True)
class ListSet:
    """All entries that a guard goes by."""

    allow: tuple[ListEntry, ...] = ()
    deny: tuple[DenyEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.allow or self.deny)

    def over(self, now_ms: int) -> tuple[ListEntry, ...]:
        """Entries whose time has passed."""
        return tuple(it for it in (*self.allow, *self.deny) if it.is_over(now_ms))
