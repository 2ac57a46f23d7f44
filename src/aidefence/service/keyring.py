"""Who holds which API key: read from memory on every request, from the store within a second."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from aidefence.domain.access import GRANTS, Caller
from aidefence.domain.api_key import ApiKey, StoredKey, is_intact, key_id_of
from aidefence.domain.refusals import UnauthenticatedError, UnavailableError
from aidefence.ports.api_keys import KeyStore
from aidefence.ports.clock import Clock

_HASH = "sha256"
_NOBODY = bytes(32)
# Keys that were shown and hold: to look one up costs less than to check it.
_SHOWN_BYTES = 32
_SHOWN_MAX = 4096
_MS_PER_HOUR = 3_600_000
_NS_PER_SECOND = 1_000_000_000
# Whoever keeps the ring fresh does so several times a second; past this nobody does.
_STALE_NS = _NS_PER_SECOND // 2
# A key that another worker has just made is looked for at once, but anybody can make up an id.
_EAGER_NS = _NS_PER_SECOND // 20


def digest_of(pepper: bytes, text: str) -> bytes:
    """What is kept of a key. Without the pepper, which is not in the store, it opens nothing."""
    return hmac.digest(pepper, text.encode("ascii"), _HASH)


@dataclass(frozen=True, slots=True)
class _Known:
    stored: StoredKey
    caller: Caller


@dataclass(frozen=True, slots=True)
class _Snapshot:
    generation: int
    known: Mapping[str, _Known] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()


class KeyRing:
    """Tells who shows a key. Safe to share between threads."""

    __slots__ = (
        *("_clock", "_failed", "_looked_ns", "_pepper", "_refreshing", "_snapshot", "_store"),
        *("_noted", "_shown", "_shown_key", "_used"),
    )

    def __init__(self, store: KeyStore, pepper: bytes, clock: Clock) -> None:
        self._store = store
        self._pepper = pepper
        self._clock = clock
        self._snapshot: _Snapshot | None = None
        self._looked_ns = 0
        self._failed: UnavailableError | None = None
        self._refreshing = threading.Lock()
        self._used: set[str] = set()
        self._noted: dict[str, int] = {}
        self._shown: dict[bytes, _Known] = {}
        self._shown_key = digest_of(pepper, "shown")

    @property
    def empty(self) -> bool:
        """Whether no key was ever made; a revoked one stays known, and keeps the gate shut.

        Raises:
            UnavailableError: the store does not answer.

        """
        return not self._current().known

    def find(self, text: str) -> Caller:
        """Tell who shows this key.

        Raises:
            UnauthenticatedError: nobody that we know.
            UnavailableError: the keys could not be read, not even once.

        """
        key_id = key_id_of(text)
        if key_id is None:
            raise UnauthenticatedError("this is no key of this service")
        known = self._current().known.get(key_id) or self._just_made(key_id)
        # By a digest, not by the key itself: what opens a door does not lie around in memory.
        shown = blake2b(
            text.encode("ascii"), digest_size=_SHOWN_BYTES, key=self._shown_key
        ).digest()
        # What is known of a key is another object when anything about it has changed.
        if known is None or self._shown.get(shown) is not known:
            self._check(known, text, shown)
        return self._living(known)

    def holder(self, key_id: str) -> Caller:
        """Tell whose key has this id, for those who showed it before.

        Raises:
            UnauthenticatedError: it is revoked, expired, or there is none.
            UnavailableError: the keys could not be read, not even once.

        """
        return self._living(self._current().known.get(key_id))

    def has_ended(self, session_id: str) -> bool:
        """Whether somebody signed out of this session."""
        return session_id in self._current().ended

    def refresh(self) -> None:
        """Look whether keys have changed; where the store is silent, the last answer holds.

        Raises:
            UnavailableError: the store does not answer.

        """
        with self._refreshing:
            self._read()

    def note_use(self) -> None:
        """Write down which keys were used, to the hour.

        Raises:
            UnavailableError: the store does not answer.

        """
        snapshot, used = self._snapshot, self._used
        if snapshot is None or not used:
            return
        self._used = set()
        hour_ms = self._clock.now_ms() // _MS_PER_HOUR * _MS_PER_HOUR
        keys = [snapshot.known[key_id].stored.key for key_id in used if key_id in snapshot.known]
        late = {
            key.id: hour_ms
            for key in keys
            if max(key.last_used_ms or 0, self._noted.get(key.id, 0)) < hour_ms
        }
        if late:
            self._store.note_use(late)
            # What is in memory is read again only when somebody changes who is let in.
            self._noted |= late

    def _current(self) -> _Snapshot:
        snapshot = self._snapshot
        if snapshot is None:
            with self._refreshing:
                return self._first()
        if self._clock.monotonic_ns() - self._looked_ns > _STALE_NS:
            return self._again(snapshot)
        return snapshot

    def _just_made(self, key_id: str) -> _Known | None:
        snapshot = self._snapshot
        eager = self._clock.monotonic_ns() - self._looked_ns > _EAGER_NS
        # A store that did not answer is not asked again for the sake of an id made up.
        if snapshot is None or not eager or self._failed is not None:
            return None
        return self._again(snapshot).known.get(key_id)

    def _again(self, snapshot: _Snapshot) -> _Snapshot:
        if not self._refreshing.acquire(blocking=False):
            return snapshot
        try:
            return self._read()
        except UnavailableError:
            return snapshot
        finally:
            self._refreshing.release()

    def _first(self) -> _Snapshot:
        failed = self._failed
        if failed is not None and self._clock.monotonic_ns() - self._looked_ns <= _STALE_NS:
            # Whoever waits behind somebody who waited in vain need not wait as long again.
            raise failed
        return self._snapshot or self._read()

    def _read(self) -> _Snapshot:
        snapshot = self._snapshot
        # Said before the store is asked: one that hangs is not asked again by everybody.
        self._looked_ns = self._clock.monotonic_ns()
        try:
            generation = self._store.generation()
            if snapshot is None or snapshot.generation != generation:
                known = {it.key.id: _Known(it, caller_of(it.key)) for it in self._store.all()}
                ended = self._store.ended_sessions(self._clock.now_ms())
                snapshot = self._snapshot = _Snapshot(generation, known, ended)
        except UnavailableError as error:
            self._failed = error
            raise
        self._failed = None
        return snapshot

    def _check(self, known: _Known | None, text: str, shown: bytes) -> None:
        digest = digest_of(self._pepper, text)
        # Compared even where there is no such id: time must not tell which ids exist.
        if known is None or not hmac.compare_digest(known.stored.digest, digest):
            self._check_previous(known, digest, text)
            return
        if len(self._shown) >= _SHOWN_MAX:
            self._shown.clear()
        self._shown[shown] = known

    def _check_previous(self, known: _Known | None, digest: bytes, text: str) -> None:
        stored = known.stored if known is not None else None
        until_ms = stored.key.previous_until_ms if stored is not None else None
        previous = stored.previous if stored is not None else None
        same = hmac.compare_digest(previous or _NOBODY, digest)
        if same and until_ms is not None and self._clock.now_ms() < until_ms:
            return
        if same and previous is not None:
            raise UnauthenticatedError("this key was rotated: use its new secret")
        if not is_intact(text):
            raise UnauthenticatedError("this key is misspelt: its checksum does not fit")
        raise UnauthenticatedError("no such key")

    def _living(self, known: _Known | None) -> Caller:
        if known is None:
            raise UnauthenticatedError("no such key")
        key = known.stored.key
        if key.revoked_ms is not None:
            raise UnauthenticatedError(f"key `{key.prefix}` was revoked")
        if key.expires_ms is not None and self._clock.now_ms() >= key.expires_ms:
            raise UnauthenticatedError(f"key `{key.prefix}` has expired")
        self._used.add(key.id)
        return known.caller


def caller_of(key: ApiKey) -> Caller:
    """Who asks with this key: it may what its role may, and of that only what it was made for."""
    permissions = key.permissions & GRANTS[key.role]
    return Caller(f"key:{key.id}", key.role, permissions, key.tenant, key.plan)
