"""A vault in one SQLite file that threads and processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from aidefence.adapters.sqlite_file import SqliteFile
from aidefence.domain.errors import LimitError, VaultError
from aidefence.domain.vaulting import Entry, OpenSession

_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    tag BLOB PRIMARY KEY, key_id TEXT NOT NULL, expires_ms INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_ms);
CREATE TABLE IF NOT EXISTS entries (
    tag BLOB NOT NULL REFERENCES sessions (tag) ON DELETE CASCADE,
    code TEXT NOT NULL, entity TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (tag, code)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kinds (
    tag BLOB NOT NULL REFERENCES sessions (tag) ON DELETE CASCADE,
    entity TEXT NOT NULL, PRIMARY KEY (tag, entity)
) WITHOUT ROWID;
"""


class SqliteVault:
    """Keeps entries in a file that only its owner may read: one connection a thread, WAL."""

    __slots__ = ("_file",)

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            VaultError: it cannot be opened, or is something else.

        """
        self._file = SqliteFile(path, _SCHEMA, name="vault", error=VaultError)

    def session(
        self, candidates: Sequence[OpenSession], now_ms: int, expires_ms: int
    ) -> OpenSession:
        """Return the candidate that is open, or open the first."""
        with self._file.change() as db:
            found = _living(db, candidates, now_ms)
            if found is None:
                found = candidates[0]
                marks = _marks(candidates)
                tags = [it.tag for it in candidates]
                db.execute(f"DELETE FROM sessions WHERE tag IN ({marks})", tags)  # noqa: S608
                db.execute(
                    "INSERT INTO sessions (tag, key_id, expires_ms) VALUES (?, ?, ?)",
                    (found.tag, found.key_id, expires_ms),
                )
            db.execute(
                "UPDATE sessions SET expires_ms = max(expires_ms, ?) WHERE tag = ?",
                (expires_ms, found.tag),
            )
            return found

    def find(self, candidates: Sequence[OpenSession], now_ms: int) -> OpenSession | None:
        """Return the candidate that is open."""
        with self._file.read() as db:
            return _living(db, candidates, now_ms)

    def put(self, tag: bytes, entries: Sequence[Entry], most: int) -> Sequence[Entry]:
        """Keep entries, and return what now stands under each code."""
        with self._file.change() as db:
            row = db.execute("SELECT held FROM sessions WHERE tag = ?", (tag,)).fetchone()
            if row is None:
                raise VaultError("the session was forgotten meanwhile")
            known = {it.code: it for it in _read(db, tag, [it.code for it in entries])}
            new = [it for it in entries if it.code not in known]
            held = row[0] + len(new)
            if held > most:
                raise LimitError("values of one session", held, most)
            if new:
                db.executemany(
                    "INSERT INTO entries VALUES (?, ?, ?, ?)",
                    [(tag, it.code, it.entity, it.sealed) for it in new],
                )
                db.executemany(
                    "INSERT OR IGNORE INTO kinds VALUES (?, ?)", {(tag, it.entity) for it in new}
                )
                db.execute("UPDATE sessions SET held = ? WHERE tag = ?", (held, tag))
            return [known.get(it.code, it) for it in entries]

    def get(self, tag: bytes, codes: Sequence[str]) -> Sequence[Entry]:
        """Return the entries of a session under these codes."""
        with self._file.read() as db:
            return _read(db, tag, codes)

    def entities(self, tag: bytes) -> frozenset[str]:
        """Return the kinds of values that a session holds."""
        with self._file.read() as db:
            rows = db.execute("SELECT entity FROM kinds WHERE tag = ?", (tag,))
            return frozenset(entity for (entity,) in rows)

    def forget(self, tags: Sequence[bytes]) -> int:
        """Delete sessions and all they hold."""
        with self._file.change() as db:
            marks = _marks(tags)
            sql = f"DELETE FROM sessions WHERE tag IN ({marks})"  # noqa: S608 - question marks
            return db.execute(sql, list(tags)).rowcount

    def purge(self, now_ms: int) -> int:
        """Delete sessions that have expired."""
        with self._file.change() as db:
            return db.execute("DELETE FROM sessions WHERE expires_ms <= ?", (now_ms,)).rowcount

    def key_ids(self) -> frozenset[str]:
        """Return the ids of the keys under which sessions are open."""
        with self._file.read() as db:
            rows = db.execute("SELECT DISTINCT key_id FROM sessions")
            return frozenset(key_id for (key_id,) in rows)


def _living(
    db: sqlite3.Connection, candidates: Sequence[OpenSession], now_ms: int
) -> OpenSession | None:
    marks = _marks(candidates)
    sql = f"SELECT tag FROM sessions WHERE tag IN ({marks}) AND expires_ms > ?"  # noqa: S608
    rows = {row[0] for row in db.execute(sql, [*(it.tag for it in candidates), now_ms])}
    return next((it for it in candidates if it.tag in rows), None)


def _read(db: sqlite3.Connection, tag: bytes, codes: Sequence[str]) -> list[Entry]:
    found: list[Entry] = []
    for at in range(0, len(codes), _AT_ONCE):
        part = codes[at : at + _AT_ONCE]
        marks = _marks(part)
        sql = f"SELECT code, entity, sealed FROM entries WHERE tag = ? AND code IN ({marks})"  # noqa: S608
        found += (Entry(*row) for row in db.execute(sql, (tag, *part)))
    return found


def _marks(things: Sequence[object]) -> str:
    return ",".join("?" * len(things))
