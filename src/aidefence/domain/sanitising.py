"""What to do with private data and secrets in a text: where they stand, and what replaces them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aidefence.domain.content import Span
from aidefence.domain.enums import Category
from aidefence.domain.errors import SettingError

KEY_BYTES_MIN = 16
TEXT_CODE_POINTS_MAX = 16 << 20


class Operator(StrEnum):
    """What takes the place of a value."""

    REPLACE = "replace"
    MASK = "mask"
    HASH = "hash"
    ENCRYPT = "encrypt"
    SYNTHETIC = "synthetic"
    KEEP = "keep"

    @property
    def needs_key(self) -> bool:
        """Whether the result depends on a key."""
        return self in {Operator.HASH, Operator.ENCRYPT, Operator.SYNTHETIC}


@dataclass(frozen=True, slots=True)
class Treatment:
    """An operator with what it needs to know."""

    operator: Operator = Operator.REPLACE
    keep_last: int = 4

    @classmethod
    def parse(cls, given: str) -> Treatment:
        """Read `mask:4`, or an operator's bare name."""
        name, colon, number = given.partition(":")
        try:
            operator = Operator(name)
        except ValueError:
            known = ", ".join(Operator)
            raise SettingError("operators", f"`{name}` is unknown: expected {known}") from None
        if not colon:
            return cls(operator)
        if operator is not Operator.MASK or not number.isascii() or not number.isdigit():
            raise SettingError("operators", f"`{given}` is none: only `mask:N` takes a number")
        return cls(operator, int(number))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, and what to do with it. The key stays out of the repr."""

    categories: frozenset[Category]
    entities: frozenset[str] | None = None
    min_score: float | None = None
    default: Treatment = Treatment()
    operators: Mapping[str, Treatment] = field(default_factory=dict)
    key: bytes | None = field(default=None, repr=False)

    def treatment(self, entity: str) -> Treatment:
        """What to do with values of this kind."""
        return self.operators.get(entity, self.default)


@dataclass(frozen=True, slots=True)
class Located:
    """A value that was found: where, what it is and how sure we are."""

    span: Span
    category: Category
    entity: str
    score: float
    rule_id: str

    @property
    def reason(self) -> str:
        """Why this was taken for what it is."""
        return f"{self.category.value}: {self.rule_id}"


def placeholder(entity: str) -> str:
    """What stands for a value of this kind."""
    return f"[{entity.upper()}]"
