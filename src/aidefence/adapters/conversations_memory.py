"""Conversations inside one process: gone when the process is, bounded whatever comes."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock

from aidefence.domain.conversation import Address, Change, Kept, Saved

CONVERSATIONS_MAX = 10_000
ROWS_MAX = 400_000


@dataclass(slots=True)
class _Conversation:
    owner: bytes
    epoch: int
    revision: int = 0
    sealed: bytes = b""
    expires_ms: int = 0
    outcomes: dict[bytes, bytes] = field(default_factory=dict)
    quarantined: dict[bytes, bytes] = field(default_factory=dict)


class MemoryConversations:
    """Keeps the conversations that were last spoken in, under one lock."""

    __slots__ = ("_conversations_max", "_kept", "_lock", "_rows", "_rows_max")

    def __init__(
        self, *, conversations_max: int = CONVERSATIONS_MAX, rows_max: int = ROWS_MAX
    ) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[bytes, _Conversation] = OrderedDict()
        self._rows = 0
        self._conversations_max = conversations_max
        self._rows_max = rows_max

    def load(self, tag: bytes, now_ms: int) -> Kept | None:
        """Return what is kept of a conversation."""
        with self._lock:
            found = self._kept.get(tag)
            if found is None:
                return None
            if found.expires_ms <= now_ms:
                self._drop(tag)
                return None
            self._kept.move_to_end(tag)
            return Kept(found.revision, found.epoch, found.sealed)

    def outcomes(self, tag: bytes, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the outcomes under these digests."""
        with self._lock:
            found = self._kept.get(tag)
            known = {} if found is None else found.outcomes
            return {it: known[it] for it in digests if it in known}

    def quarantined(self, tag: bytes) -> Mapping[bytes, bytes]:
        """Return the outcomes of all messages in quarantine."""
        with self._lock:
            found = self._kept.get(tag)
            return {} if found is None else dict(found.quarantined)

    def save(self, address: Address, change: Change) -> Saved | None:
        """Keep a change, whole or not at all."""
        with self._lock:
            found = self._kept.get(address.tag)
            if (0 if found is None else found.revision) != change.revision:
                return None
            if found is None:
                epoch = int.from_bytes(os.urandom(6), "big")
                found = self._kept[address.tag] = _Conversation(address.owner, epoch)
            found.revision += 1
            found.sealed = change.sealed
            found.expires_ms = change.expires_ms
            dropped = self._keep_rows(found, change)
            self._kept.move_to_end(address.tag)
            self._make_room()
            return Saved(found.epoch, dropped)

    def forget(self, owner: bytes) -> bool:
        """Delete a conversation in all its versions."""
        with self._lock:
            tags = [tag for tag, it in self._kept.items() if it.owner == owner]
            for tag in tags:
                self._drop(tag)
            return bool(tags)

    def purge(self, now_ms: int) -> int:
        """Delete what has expired."""
        with self._lock:
            old = [tag for tag, it in self._kept.items() if it.expires_ms <= now_ms]
            for tag in old:
                self._drop(tag)
            return len(old)

    def _keep_rows(self, found: _Conversation, change: Change) -> bool:
        before = len(found.outcomes)
        for row in change.rows:
            found.outcomes[row.digest] = row.outcome
            if row.quarantined:
                found.quarantined[row.digest] = row.outcome
            else:
                found.quarantined.pop(row.digest, None)
        dropped = len(found.outcomes) > change.rows_max
        if dropped:
            # Several at once: to drop one a message would renew the epoch each time.
            most = change.rows_max - change.rows_max // 10
            for digest in list(islice(found.outcomes, len(found.outcomes) - most)):
                del found.outcomes[digest]
                found.quarantined.pop(digest, None)
            found.epoch += 1
        self._rows += len(found.outcomes) - before
        return dropped

    def _make_room(self) -> None:
        while len(self._kept) > self._conversations_max or (
            self._rows > self._rows_max and len(self._kept) > 1
        ):
            self._drop(next(iter(self._kept)))

    def _drop(self, tag: bytes) -> None:
        self._rows -= len(self._kept.pop(tag).outcomes)
