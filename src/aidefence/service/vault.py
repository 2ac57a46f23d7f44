"""Keep values under tokens, one vault for many sessions that never see each other's."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from aidefence.domain.errors import LimitError, VaultError
from aidefence.domain.vaulting import (
    CODE_ALPHABET,
    CODE_LEN,
    SESSION_LEN_MAX,
    SESSION_VALUES_MAX,
    VALUE_CODE_POINTS_MAX,
    Entry,
    OpenSession,
    Secret,
    token_of,
)
from aidefence.ports.cipher import Cipher
from aidefence.ports.clock import Clock
from aidefence.ports.vault import VaultStore
from aidefence.respond.restoring import Lookup
from aidefence.respond.tokens import Seen, TokenPattern, pattern_for

Scalar = str | int | float
_ATTEMPTS_MAX = 16
_PURGE_EVERY_MS = 60_000
_NO_TOKENS = pattern_for(frozenset())


@dataclass(frozen=True, slots=True)
class Value:
    """A value and its kind."""

    entity: str
    value: Scalar = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Room:
    """A session with the keys that are its own."""

    tag: bytes
    token_key: bytes = field(repr=False)
    seal_key: bytes = field(repr=False)


class Keeper:
    """Gives tokens for values and values for tokens. Safe to share between threads."""

    __slots__ = ("_cipher", "_keys", "_now_ms", "_purged_ms", "_store", "_ttl_ms")

    def __init__(
        self,
        store: VaultStore,
        cipher: Cipher,
        keys: Callable[[], Sequence[Secret]],
        clock: Clock,
        *,
        ttl_ms: int,
    ) -> None:
        """`keys` gives the active key first, then older ones that still open something."""
        self._store = store
        self._cipher = cipher
        self._keys = keys
        self._now_ms = clock.now_ms
        self._ttl_ms = ttl_ms
        self._purged_ms = 0

    def tokens(self, session: str, values: Sequence[Value]) -> Mapping[Value, str]:
        """Give each value its token, the same one for the same value of the session."""
        for it in values:
            length = len(str(it.value))
            if length > VALUE_CODE_POINTS_MAX:
                raise LimitError("code points of one value", length, VALUE_CODE_POINTS_MAX)
        self._purge_sometimes()
        room = self._open(session)
        left, told = list(dict.fromkeys(values)), dict[Value, str]()
        for attempt in range(_ATTEMPTS_MAX):
            if not left:
                break
            taken = self._place(room, left, attempt)
            told |= taken
            left = [it for it in left if it not in taken]
        if left:
            raise VaultError("no free code was found for a value")
        return told

    def reading(self, session: str) -> tuple[TokenPattern, Lookup]:
        """Give what finds the tokens of a session, and their values."""
        names = self._candidates(session)
        found = self._store.find([it for it, _ in names], self._now_ms())
        if found is None:
            return _NO_TOKENS, lambda _: {}
        room = _room(session, found, [secret for _, secret in names])
        entities = self._store.entities(found.tag)

        def lookup(seen: Sequence[Seen]) -> Mapping[tuple[str, str], Scalar]:
            return self._values(room, {it.code: it.entity for it in seen}, seen)

        return pattern_for(entities), lookup

    def forget(self, session: str) -> bool:
        """Delete a session and all its values; says whether there was one."""
        return self._store.forget([it.tag for it, _ in self._candidates(session)]) > 0

    def purge(self) -> int:
        """Delete what has expired; says how many sessions."""
        return self._store.purge(self._now_ms())

    def key_ids(self) -> frozenset[str]:
        """Which keys still open something."""
        return self._store.key_ids()

    def _open(self, session: str) -> _Room:
        names = self._candidates(session)
        now = self._now_ms()
        found = self._store.session([it for it, _ in names], now, now + self._ttl_ms)
        return _room(session, found, [secret for _, secret in names])

    def _candidates(self, session: str) -> list[tuple[OpenSession, Secret]]:
        if not session or len(session) > SESSION_LEN_MAX:
            raise VaultError(f"a session's name has 1 to {SESSION_LEN_MAX} code points")
        return [
            (OpenSession(_derived(it.key, b"tag", session)[:16], it.key_id), it)
            for it in self._keys()
        ]

    def _place(self, room: _Room, values: Sequence[Value], attempt: int) -> dict[Value, str]:
        """Put values under their codes; gives those that stand there now."""
        placed: dict[str, Value] = {}
        for it in values:
            # Of two new values with one code the later one tries again.
            placed.setdefault(_code(room, it, attempt), it)
        entries = [
            Entry(code, it.entity, self._seal(room, code, it)) for code, it in placed.items()
        ]
        standing = self._store.put(room.tag, entries, SESSION_VALUES_MAX)
        told = {}
        for ours, theirs in zip(entries, standing, strict=True):
            value = placed[ours.code]
            same = theirs.entity == value.entity and self._unseal(room, theirs) == value.value
            if theirs.sealed == ours.sealed or same:
                told[value] = token_of(value.entity, ours.code)
        return told

    def _values(
        self, room: _Room, wanted: Mapping[str, str], seen: Sequence[Seen]
    ) -> Mapping[tuple[str, str], Scalar]:
        asked = {(it.entity, it.code) for it in seen}
        told: dict[tuple[str, str], Scalar] = {}
        for entry in self._store.get(room.tag, list(wanted)):
            if (entry.entity, entry.code) in asked:
                value = self._unseal(room, entry)
                if value is None:
                    raise VaultError("a value does not open with its key: the store was changed")
                told[entry.entity, entry.code] = value
        return told

    def _seal(self, room: _Room, code: str, it: Value) -> bytes:
        return self._cipher.seal(room.seal_key, _written(it), _bound(room, code, it.entity))

    def _unseal(self, room: _Room, entry: Entry) -> Scalar | None:
        bound = _bound(room, entry.code, entry.entity)
        data = self._cipher.unseal(room.seal_key, entry.sealed, bound)
        return None if data is None else _read(data)

    def _purge_sometimes(self) -> None:
        now = self._now_ms()
        if now - self._purged_ms >= _PURGE_EVERY_MS:
            # Two threads may both come here; the second finds nothing.
            self._purged_ms = now
            self._store.purge(now)


def _room(session: str, found: OpenSession, secrets: Sequence[Secret]) -> _Room:
    key = next(it.key for it in secrets if it.key_id == found.key_id)
    return _Room(found.tag, _derived(key, b"token", session), _derived(key, b"seal", session))


def _derived(key: bytes, purpose: bytes, session: str) -> bytes:
    name = session.encode("utf-8", "surrogatepass")
    return hmac.digest(key, b"aidefence vault " + purpose + b"\0" + name, sha256)


def _code(room: _Room, it: Value, attempt: int) -> str:
    data = b"%d\0%b\0%b" % (attempt, it.entity.encode(), _written(it))
    number = int.from_bytes(hmac.digest(room.token_key, data, sha256)[:CODE_LEN], "big")
    return "".join(CODE_ALPHABET[number >> 5 * at & 31] for at in range(CODE_LEN))


def _bound(room: _Room, code: str, entity: str) -> bytes:
    return b"%b\0%b\0%b" % (room.tag, code.encode(), entity.encode())


def _written(it: Value) -> bytes:
    if isinstance(it.value, str):
        return b"s" + it.value.encode("utf-8", "surrogatepass")
    return b"n" + json.dumps(it.value).encode()


def _read(data: bytes) -> Scalar:
    if data[:1] == b"s":
        return data[1:].decode("utf-8", "surrogatepass")
    number: int | float = json.loads(data[1:])
    return number
