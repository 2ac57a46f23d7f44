"""What policies remember, in one SQLite file that threads and processes share."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from aidefence.adapters.sqlite_file import SqliteFile
from aidefence.domain.errors import PolicyStateError
from aidefence.ports.policy_states import HeldState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS policy_states (
    key BLOB PRIMARY KEY, revision INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    state BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS policy_states_by_expiry ON policy_states (expires_ms);
"""
_REVISION_BYTES = 7
_SAVES_A_PURGE = 1_000


class SqlitePolicyStates:
    """Keeps states in a file that only its owner may read: one connection a thread, WAL."""

    __slots__ = ("_file", "_saves")

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            PolicyStateError: it cannot be opened, or is something else.

        """
        self._file = SqliteFile(path, _SCHEMA, name="policy states", error=PolicyStateError)
        self._saves = count(1)

    def load(self, keys: Sequence[bytes], now_ms: int) -> tuple[HeldState, ...]:
        """Return what is kept under these keys, all as of one moment."""
        with self._file.read() as db:
            marks = ",".join("?" * len(keys))
            sql = (
                "SELECT key, revision, state FROM policy_states"  # noqa: S608
                f" WHERE key IN ({marks}) AND expires_ms > ?"
            )
            found = {it[0]: HeldState(*it) for it in db.execute(sql, (*keys, now_ms))}
        return tuple(found.get(key) or HeldState(key) for key in keys)

    def save(
        self,
        read: Sequence[HeldState],
        changed: Mapping[bytes, bytes],
        now_ms: int,
        expires_ms: int,
    ) -> bool:
        """Keep what has changed, if nothing of what was read is another one by now."""
        with self._file.change() as db:
            if not all(_is_current(db, it, now_ms) for it in read):
                return False
            for key, state in changed.items():
                # Never the same twice: what has expired and begun again must not pass for it.
                revision = 1 + int.from_bytes(os.urandom(_REVISION_BYTES), "big")
                db.execute(
                    "INSERT OR REPLACE INTO policy_states (key, revision, expires_ms, state)"
                    " VALUES (?, ?, ?, ?)",
                    (key, revision, expires_ms, state),
                )
        if next(self._saves) % _SAVES_A_PURGE == 0:
            self.purge(now_ms)
        return True

    def purge(self, now_ms: int) -> int:
        """Delete what has expired."""
        with self._file.change() as db:
            sql = "DELETE FROM policy_states WHERE expires_ms <= ?"
            return db.execute(sql, (now_ms,)).rowcount


def _is_current(db: sqlite3.Connection, read: HeldState, now_ms: int) -> bool:
    sql = "SELECT revision FROM policy_states WHERE key = ? AND expires_ms > ?"
    found = db.execute(sql, (read.key, now_ms)).fetchone()
    return (0 if found is None else int(found[0])) == read.revision
