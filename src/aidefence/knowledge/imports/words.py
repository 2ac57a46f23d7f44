"""What importing speaks of: places, what could not be said in our format, and what could."""

from __future__ import annotations

from dataclasses import dataclass, field

from aidefence.knowledge.imports.when import When


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file; line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Untranslated:
    """A part of a rule that our format cannot say."""

    place: Place
    what: str
    """The part, as it is written."""
    why: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a pattern looks for: regexes over bytes, and texts that match them."""

    name: str
    narrow: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    whole: bool = False
    samples: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Translation:
    """One rule: what became of it, and what could not be said."""

    name: str
    place: Place
    title: str
    metas: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    when: When | None
    """None where nothing is left that could be asked."""
    lost: tuple[Untranslated, ...]
    private: bool = False
    topics: tuple[str, ...] = ()
    """Tables for a file of topics, where the rule asks for a meaning."""

    @property
    def is_whole(self) -> bool:
        """Whether all of the rule could be said."""
        return not self.lost and self.when is not None
