"""A place for what policies remember of sessions, users and tenants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HeldState:
    """What is kept under a key; a revision of 0 says that there is nothing."""

    key: bytes
    revision: int = 0
    state: bytes | None = field(default=None, repr=False)


class PolicyStates(Protocol):
    """Keeps states until they expire. Safe to share between threads."""

    def load(self, keys: Sequence[bytes], now_ms: int) -> tuple[HeldState, ...]:
        """Return what is kept under these keys, all as of one moment."""

    def save(
        self,
        read: Sequence[HeldState],
        changed: Mapping[bytes, bytes],
        now_ms: int,
        expires_ms: int,
    ) -> bool:
        """Keep what has changed, all of it, if nothing of what was read is another one by now."""

    def purge(self, now_ms: int) -> int:
        """Delete what has expired; returns how many."""
