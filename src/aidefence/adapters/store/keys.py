"""API keys and sessions that are over, in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.tables import ACCESS_STATE, API_KEYS, ENDED_SESSIONS
from aidefence.domain.access import Permission, Plan, Role
from aidefence.domain.api_key import ApiKey, StoredKey


class DatabaseKeys:
    """Keeps keys in tables. Safe to share between threads and processes."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def generation(self) -> int:
        """A number that grows with every change that decides who is let in."""
        with self._database.read() as db:
            return int(db.scalar(select(ACCESS_STATE.c.generation)) or 0)

    def all(self) -> Sequence[StoredKey]:
        """All keys, revoked ones too, the oldest first."""
        oldest_first = select(API_KEYS).order_by(API_KEYS.c.created_ms, API_KEYS.c.id)
        with self._database.read() as db:
            return [_stored(row) for row in db.execute(oldest_first).mappings()]

    def find(self, key_id: str) -> StoredKey | None:
        """The key with this id."""
        with self._database.read() as db:
            row = db.execute(select(API_KEYS).where(API_KEYS.c.id == key_id)).mappings().first()
            return None if row is None else _stored(row)

    def add(self, stored: StoredKey) -> None:
        """Keep a new key."""
        with self._database.change() as db:
            db.execute(insert(API_KEYS).values(_row(stored)))
            _grow(db)

    def replace(self, old: StoredKey, new: StoredKey) -> bool:
        """Keep `new` in place of `old`; false where it had changed meanwhile."""
        row = _row(new)
        # Written by another hand, at any time.
        del row["last_used_ms"]
        unchanged = (
            API_KEYS.c.id == old.key.id,
            API_KEYS.c.digest == old.digest,
            API_KEYS.c.revoked_ms.is_(None),
        )
        with self._database.change() as db:
            replaced = db.execute(update(API_KEYS).where(*unchanged).values(row)).rowcount == 1
            if replaced:
                _grow(db)
        return replaced

    def note_use(self, used_ms: Mapping[str, int]) -> None:
        """Write down when keys were last used; no change of who is let in."""
        with self._database.change() as db:
            for key_id, at_ms in used_ms.items():
                one = update(API_KEYS).where(API_KEYS.c.id == key_id)
                db.execute(one.values(last_used_ms=at_ms))

    def end_session(self, session_id: str, expires_ms: int, now_ms: int) -> None:
        """Remember a session as over until it would have expired; forget those that have."""
        ended = ENDED_SESSIONS
        with self._database.change() as db:
            db.execute(delete(ended).where((ended.c.expires_ms <= now_ms) | _is(session_id)))
            db.execute(insert(ended).values(id=session_id, expires_ms=expires_ms))
            _grow(db)

    def ended_sessions(self, now_ms: int) -> frozenset[str]:
        """Sessions that are over before their time."""
        ended = ENDED_SESSIONS
        with self._database.read() as db:
            return frozenset(db.scalars(select(ended.c.id).where(ended.c.expires_ms > now_ms)))


def _is(session_id: str) -> Any:  # noqa: ANN401 -- a condition
    return ENDED_SESSIONS.c.id == session_id


def _grow(db: Connection) -> None:
    db.execute(update(ACCESS_STATE).values(generation=ACCESS_STATE.c.generation + 1))


def _stored(row: RowMapping) -> StoredKey:
    told: dict[str, Any] = {it.name: row[it.name] for it in fields(ApiKey)}
    told["role"], told["plan"] = Role(row["role"]), Plan(row["plan"])
    told["permissions"] = frozenset(map(Permission, row["permissions"].split()))
    return StoredKey(ApiKey(**told), row["digest"], row["previous"])


def _row(stored: StoredKey) -> dict[str, Any]:
    row: dict[str, Any] = {it.name: getattr(stored.key, it.name) for it in fields(ApiKey)}
    row["role"], row["plan"] = stored.key.role.value, stored.key.plan.value
    row["permissions"] = " ".join(sorted(stored.key.permissions))
    return {**row, "digest": stored.digest, "previous": stored.previous}
