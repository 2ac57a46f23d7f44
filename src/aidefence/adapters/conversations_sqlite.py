"""Conversations in one SQLite file that threads and processes share."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from aidefence.adapters.sqlite_file import SqliteFile
from aidefence.domain.conversation import Address, Change, Kept, Row, Saved
from aidefence.domain.errors import ConversationError

_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, tag BLOB NOT NULL UNIQUE, owner BLOB NOT NULL,
    revision INTEGER NOT NULL, epoch INTEGER NOT NULL, rows INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, sealed BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS conversations_by_expiry ON conversations (expires_ms);
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner);
CREATE TABLE IF NOT EXISTS outcomes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    digest BLOB NOT NULL, outcome BLOB NOT NULL, quarantined INTEGER NOT NULL,
    UNIQUE (conversation, digest)
);
CREATE INDEX IF NOT EXISTS outcomes_in_quarantine
    ON outcomes (conversation) WHERE quarantined = 1;
"""


class SqliteConversations:
    """Keeps conversations in a file that only its owner may read: one connection a thread, WAL."""

    __slots__ = ("_file", "_kept_max")

    def __init__(self, path: Path, kept_max: int | None = None) -> None:
        """Open or make the file; `kept_max` conversations stay in it, or all.

        Raises:
            ConversationError: it cannot be opened, or is something else.

        """
        self._file = SqliteFile(path, _SCHEMA, name="conversations", error=ConversationError)
        self._kept_max = kept_max

    def load(self, tag: bytes, now_ms: int) -> Kept | None:
        """Return what is kept of a conversation."""
        with self._file.read() as db:
            sql = (
                "SELECT revision, epoch, sealed FROM conversations WHERE tag = ? AND expires_ms > ?"
            )
            found = db.execute(sql, (tag, now_ms)).fetchone()
            return None if found is None else Kept(*found)

    def outcomes(self, tag: bytes, digests: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the outcomes under these digests."""
        found: dict[bytes, bytes] = {}
        with self._file.read() as db:
            for at in range(0, len(digests), _AT_ONCE):
                part = digests[at : at + _AT_ONCE]
                marks = ",".join("?" * len(part))
                sql = (
                    "SELECT digest, outcome FROM outcomes WHERE conversation ="  # noqa: S608
                    f" (SELECT id FROM conversations WHERE tag = ?) AND digest IN ({marks})"
                )
                found.update(db.execute(sql, (tag, *part)))
        return found

    def quarantined(self, tag: bytes) -> Mapping[bytes, bytes]:
        """Return the outcomes of all messages in quarantine."""
        with self._file.read() as db:
            return dict(
                db.execute(
                    "SELECT digest, outcome FROM outcomes WHERE quarantined = 1 AND conversation ="
                    " (SELECT id FROM conversations WHERE tag = ?)",
                    (tag,),
                )
            )

    def save(self, address: Address, change: Change) -> Saved | None:
        """Keep a change, whole or not at all."""
        with self._file.change() as db:
            found = db.execute(
                "SELECT id, revision, epoch, rows FROM conversations WHERE tag = ?",
                (address.tag,),
            ).fetchone()
            if found is not None and change.revision == 0:
                # It has expired, or another one began it meanwhile; only the first may be replaced.
                if not self._drop_expired(db, address.tag, change):
                    return None
                found = None
            if (0 if found is None else found[1]) != change.revision:
                return None
            if found is None:
                found = self._begin(db, address)
            name, _, epoch, rows = found
            rows += _keep_rows(db, name, change.rows)
            dropped = rows > change.rows_max
            if dropped:
                most = change.rows_max - change.rows_max // 10
                db.execute(
                    "DELETE FROM outcomes WHERE id IN"
                    " (SELECT id FROM outcomes WHERE conversation = ? ORDER BY id LIMIT ?)",
                    (name, rows - most),
                )
                rows, epoch = most, epoch + 1
            db.execute(
                "UPDATE conversations SET revision = ?, epoch = ?, rows = ?, expires_ms = ?,"
                " sealed = ? WHERE id = ?",
                (change.revision + 1, epoch, rows, change.expires_ms, change.sealed, name),
            )
            return Saved(epoch, dropped)

    def forget(self, owner: bytes) -> bool:
        """Delete a conversation in all its versions."""
        with self._file.change() as db:
            sql = "DELETE FROM conversations WHERE owner = ?"
            return db.execute(sql, (owner,)).rowcount > 0

    def purge(self, now_ms: int) -> int:
        """Delete what has expired, and what is too much: the longest silent first."""
        with self._file.change() as db:
            sql = "DELETE FROM conversations WHERE expires_ms <= ?"
            gone = db.execute(sql, (now_ms,)).rowcount
            if self._kept_max is None:
                return gone
            sql = (
                "DELETE FROM conversations WHERE id IN (SELECT id FROM conversations"
                " ORDER BY expires_ms DESC LIMIT -1 OFFSET ?)"
            )
            return gone + db.execute(sql, (self._kept_max,)).rowcount

    @staticmethod
    def _begin(db: sqlite3.Connection, address: Address) -> tuple[int, int, int, int]:
        epoch = int.from_bytes(os.urandom(6), "big")
        done = db.execute(
            "INSERT INTO conversations (tag, owner, revision, epoch, rows, expires_ms, sealed)"
            " VALUES (?, ?, 0, ?, 0, 0, x'')",
            (address.tag, address.owner, epoch),
        )
        return int(done.lastrowid or 0), 0, epoch, 0

    @staticmethod
    def _drop_expired(db: sqlite3.Connection, tag: bytes, change: Change) -> bool:
        sql = "DELETE FROM conversations WHERE tag = ? AND expires_ms <= ?"
        return db.execute(sql, (tag, change.now_ms)).rowcount > 0


def _keep_rows(db: sqlite3.Connection, conversation: int, rows: Sequence[Row]) -> int:
    """Keep outcomes; returns how many are new."""
    new = 0
    for row in rows:
        values = (row.outcome, row.quarantined, conversation, row.digest)
        sql = (
            "UPDATE outcomes SET outcome = ?, quarantined = ? WHERE conversation = ? AND digest = ?"
        )
        if db.execute(sql, values).rowcount == 0:
            sql = (
                "INSERT INTO outcomes (outcome, quarantined, conversation, digest)"
                " VALUES (?, ?, ?, ?)"
            )
            db.execute(sql, values)
            new += 1
    return new
