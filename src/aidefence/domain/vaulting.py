"""What a vault keeps: values under tokens, each for one session only."""

from __future__ import annotations

from dataclasses import dataclass, field

# Digits and letters without those that are mistaken for others: 32 of them.
CODE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CODE_LEN = 8
VALUE_CODE_POINTS_MAX = 1 << 16
SESSION_VALUES_MAX = 100_000
SESSION_LEN_MAX = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """A sealed value under its code."""

    code: str
    entity: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as a store knows it: by a tag that does not tell its name."""

    tag: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A key and its name."""

    key_id: str
    key: bytes = field(repr=False)


def token_of(entity: str, code: str) -> str:
    """What stands for a value before a model reads it."""
    return f"<{entity.upper()}_{code}>"
