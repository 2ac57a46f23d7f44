"""What an operator can switch off at once, without a new policy: the kill switch and its kin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from aidefence.domain.content import Degraded
from aidefence.domain.enums import Category
from aidefence.domain.errors import SettingError

REASON_LENGTH_MAX = 500
SWITCHES_MAX = 256
_RULES = re.compile(r"[a-z0-9*.-]{1,64}")
_DOOR = re.compile(r"[a-z0-9_]{1,32}")
# Tier 0 and 1 are one with the rules, tier 4 has a setting of its own.
_TIERS = ("2", "3")


class SwitchKind(StrEnum):
    """What a switch is about."""

    ALL = "all"
    CATEGORY = "category"
    RULE = "rule"
    TIER = "tier"
    DOOR = "door"


@dataclass(frozen=True, slots=True, order=True)
class Switch:
    """One thing that can be switched off; `name` is empty for all at once."""

    kind: SwitchKind
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Switch:
        """Read `all`, `category:pii`, `rule:pii-*`, `tier:3` or `door:graphql`.

        Raises:
            SettingError: there is no such switch.

        """
        kind, colon, name = text.strip().partition(":")
        if kind not in list(SwitchKind):
            raise SettingError("switch", f"`{text}` is none: expected {_forms()}")
        found = cls(SwitchKind(kind), name)
        expected = _expected(found)
        if expected or bool(colon) is (found.kind is SwitchKind.ALL):
            raise SettingError("switch", f"`{text}` is none: expected {expected or _forms()}")
        return found

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}" if self.name else self.kind.value


@dataclass(frozen=True, slots=True)
class Thrown:
    """A switch that is off: who did it, when, and why."""

    switch: Switch
    by: str
    reason: str
    at_ms: int

    @property
    def degraded(self) -> Degraded:
        """What answers say about it."""
        return Degraded(f"switch.{self.switch}", self.reason or "switched off by an operator")


@dataclass(frozen=True, slots=True)
class Switches:
    """All switches that are off. `generation` grows with every change."""

    generation: int = 0
    off: tuple[Thrown, ...] = ()

    def names(self, kind: SwitchKind) -> Iterator[str]:
        """Name what is off of one kind."""
        return (it.switch.name for it in self.off if it.switch.kind is kind)

    def of(self, *kinds: SwitchKind) -> Iterator[Thrown]:
        """Give what is off of some kinds."""
        return (it for it in self.off if it.switch.kind in kinds)

    def without(self, switch: Switch) -> Switches:
        """The same with one switch back on."""
        left = tuple(it for it in self.off if it.switch != switch)
        return Switches(self.generation + 1, left)

    def with_off(self, thrown: Thrown) -> Switches:
        """The same with one switch off.

        Raises:
            SettingError: so many are off that nobody knows what still holds.

        """
        left = tuple(it for it in self.off if it.switch != thrown.switch)
        if len(left) >= SWITCHES_MAX:
            raise SettingError("switch", f"{SWITCHES_MAX} are off: write a policy instead")
        return Switches(self.generation + 1, (*left, thrown))


def _expected(switch: Switch) -> str:
    match switch.kind:
        case SwitchKind.CATEGORY if switch.name not in list(Category):
            return f"`category:` and one of {', '.join(Category)}"
        case SwitchKind.RULE if not _RULES.fullmatch(switch.name):
            return "`rule:` and a rule id or a glob over rule ids"
        case SwitchKind.TIER if switch.name not in _TIERS:
            return "`tier:2` or `tier:3`"
        case SwitchKind.DOOR if not _DOOR.fullmatch(switch.name):
            return "`door:` and the name of a door"
    return ""


def _forms() -> str:
    return "`all`, `category:NAME`, `rule:GLOB`, `tier:2`, `tier:3` or `door:NAME`"
