"""A place for sealed values, as the outside world keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aidefence.domain.vaulting import Entry, OpenSession


class VaultStore(Protocol):
    """Keeps entries by session until they expire. Safe to share between threads."""

    def session(
        self, candidates: Sequence[OpenSession], now_ms: int, expires_ms: int
    ) -> OpenSession:
        """Return the candidate that is open, or open the first; either lives until then at least.

        Of two callers at once, both get the same one.
        """

    def find(self, candidates: Sequence[OpenSession], now_ms: int) -> OpenSession | None:
        """Return the candidate that is open; none if none is, or it has expired."""

    def put(self, tag: bytes, entries: Sequence[Entry], most: int) -> Sequence[Entry]:
        """Keep entries, and return what now stands under each code: these, or older ones.

        Raises:
            LimitError: the session would hold more than `most`; then nothing was kept.

        """

    def get(self, tag: bytes, codes: Sequence[str]) -> Sequence[Entry]:
        """Return the entries of a session under these codes, those that exist."""

    def entities(self, tag: bytes) -> frozenset[str]:
        """Return the kinds of values that a session holds."""

    def forget(self, tags: Sequence[bytes]) -> int:
        """Delete sessions and all they hold; returns how many there were."""

    def purge(self, now_ms: int) -> int:
        """Delete sessions that have expired; returns how many."""

    def key_ids(self) -> frozenset[str]:
        """Return the ids of the keys under which sessions are open."""
