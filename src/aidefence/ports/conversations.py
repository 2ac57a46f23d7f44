"""A place for conversations, as the outside world keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aidefence.domain.conversation import Address, Change, Kept, Saved


class ConversationStore(Protocol):
    """Keeps state and outcomes by conversation until they expire. Safe to share."""

    def load(self, tag: bytes, now_ms: int) -> Kept | None:
        """Return what is kept of a conversation; none if there is nothing, or it has expired."""

    def outcomes(self, tag: bytes, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the outcomes under these digests, those that are known."""

    def quarantined(self, tag: bytes) -> Mapping[bytes, bytes]:
        """Return the outcomes of all messages in quarantine."""

    def save(self, address: Address, change: Change) -> Saved | None:
        """Keep a change, whole or not at all.

        None if another one came first: then nothing was kept. Where more outcomes are known than
        the change allows, the oldest are dropped.
        """

    def forget(self, owner: bytes) -> bool:
        """Delete a conversation in all its versions; says whether there was one."""

    def purge(self, now_ms: int) -> int:
        """Delete what has expired; returns how many."""
