"""One SQLite file that threads and processes share: one connection a thread, WAL."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aidefence.domain.errors import AIDefenceError

_WAIT_SECONDS = 60


class SqliteFile:
    """A file that only its owner may read, with its tables."""

    __slots__ = ("_error", "_local", "_name", "_path", "_writing")

    def __init__(self, path: Path, schema: str, *, name: str, error: type[AIDefenceError]) -> None:
        """Open or make the file; `name` is what messages call it, `error` what they are.

        Raises:
            AIDefenceError: as `error`, it cannot be opened, or is something else.

        """
        self._path = path
        self._name = name
        self._error = error
        self._local = threading.local()
        # The database has a lock of its own, but waits for it by sleeping.
        self._writing = threading.Lock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as failure:
            reason = (failure.strerror or str(failure)).lower()
            raise error(f"cannot open {name} `{path}`: {reason}") from failure
        with self.read() as db:
            db.executescript(schema)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection; what it raises becomes our error."""
        try:
            yield self._connection()
        except sqlite3.Error as failure:
            raise self._error(f"{self._name} `{self._path}`: {failure}") from failure

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: what fails half-way leaves no trace."""
        with self._writing, self.read() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        # A connection must not live on in a child process.
        owner = os.getpid()
        if getattr(self._local, "owner", None) != owner:
            db = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                db.execute(f"PRAGMA {pragma}")
            # What was deleted must not stay readable in free pages.
            db.execute("PRAGMA secure_delete=ON")
            self._local.db, self._local.owner = db, owner
        connection: sqlite3.Connection = self._local.db
        return connection
