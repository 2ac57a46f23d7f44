"""Where API keys and signed-out sessions are kept, as the outside world does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aidefence.domain.api_key import StoredKey


class KeyStore(Protocol):
    """Keeps keys; what is written holds when the call returns. Safe to share between threads."""

    def generation(self) -> int:
        """A number that grows with every change that decides who is let in."""

    def all(self) -> Sequence[StoredKey]:
        """All keys, revoked ones too, the oldest first."""

    def find(self, key_id: str) -> StoredKey | None:
        """The key with this id."""

    def add(self, stored: StoredKey) -> None:
        """Keep a new key."""

    def replace(self, old: StoredKey, new: StoredKey) -> bool:
        """Keep `new` in place of `old`; false where it had changed meanwhile."""

    def note_use(self, used_ms: Mapping[str, int]) -> None:
        """Write down when keys were last used; no change of who is let in."""

    def end_session(self, session_id: str, expires_ms: int, now_ms: int) -> None:
        """Remember a session as over until it would have expired; forget those that have."""

    def ended_sessions(self, now_ms: int) -> frozenset[str]:
        """Sessions that are over before their time."""
