"""A vault inside one process: it is gone when the process is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from aidefence.domain.errors import LimitError, VaultError
from aidefence.domain.vaulting import Entry, OpenSession

_SESSIONS_MAX = 100_000


@dataclass(slots=True)
class _Session:
    opened: OpenSession
    expires_ms: int
    entries: dict[str, Entry] = field(default_factory=dict)


class MemoryVault:
    """Keeps entries in a dictionary, under one lock."""

    __slots__ = ("_lock", "_sessions")

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[bytes, _Session] = {}

    def session(
        self, candidates: Sequence[OpenSession], now_ms: int, expires_ms: int
    ) -> OpenSession:
        """Return the candidate that is open, or open the first."""
        with self._lock:
            found = self._living(candidates, now_ms)
            if found is None:
                if len(self._sessions) >= _SESSIONS_MAX:
                    raise LimitError("sessions", len(self._sessions) + 1, _SESSIONS_MAX)
                first = candidates[0]
                found = self._sessions[first.tag] = _Session(first, expires_ms)
            found.expires_ms = max(found.expires_ms, expires_ms)
            return found.opened

    def find(self, candidates: Sequence[OpenSession], now_ms: int) -> OpenSession | None:
        """Return the candidate that is open."""
        with self._lock:
            found = self._living(candidates, now_ms)
            return None if found is None else found.opened

    def put(self, tag: bytes, entries: Sequence[Entry], most: int) -> Sequence[Entry]:
        """Keep entries, and return what now stands under each code."""
        with self._lock:
            session = self._sessions.get(tag)
            if session is None:
                raise VaultError("the session was forgotten meanwhile")
            kept = session.entries
            count = len(kept) + sum(it.code not in kept for it in entries)
            if count > most:
                raise LimitError("values of one session", count, most)
            return [kept.setdefault(it.code, it) for it in entries]

    def get(self, tag: bytes, codes: Sequence[str]) -> Sequence[Entry]:
        """Return the entries of a session under these codes."""
        with self._lock:
            session = self._sessions.get(tag)
            kept = {} if session is None else session.entries
            return [kept[code] for code in codes if code in kept]

    def entities(self, tag: bytes) -> frozenset[str]:
        """Return the kinds of values that a session holds."""
        with self._lock:
            session = self._sessions.get(tag)
            return frozenset(it.entity for it in session.entries.values()) if session else _NONE

    def forget(self, tags: Sequence[bytes]) -> int:
        """Delete sessions and all they hold."""
        with self._lock:
            return sum(self._sessions.pop(tag, None) is not None for tag in tags)

    def purge(self, now_ms: int) -> int:
        """Delete sessions that have expired."""
        with self._lock:
            old = [tag for tag, it in self._sessions.items() if it.expires_ms <= now_ms]
            for tag in old:
                del self._sessions[tag]
            return len(old)

    def key_ids(self) -> frozenset[str]:
        """Return the ids of the keys under which sessions are open."""
        with self._lock:
            return frozenset(it.opened.key_id for it in self._sessions.values())

    def _living(self, candidates: Sequence[OpenSession], now_ms: int) -> _Session | None:
        for it in candidates:
            found = self._sessions.get(it.tag)
            if found is not None and found.expires_ms > now_ms:
                return found
            self._sessions.pop(it.tag, None)
        return None


_NONE: frozenset[str] = frozenset()
