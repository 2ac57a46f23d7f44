"""A database that threads and processes share: short reads, and changes that are all or nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from aidefence.domain.errors import ConfigError, MissingExtraError
from aidefence.domain.refusals import UnavailableError

_WAIT_SECONDS = 20
# With a server: for how long it is waited for, in its own words.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": "-c statement_timeout=15000 -c lock_timeout=10000",
}
_POOL = 5
_CHANGES = "aidefence_changes"
# Tells our locks from those of other programs in the same database.
_TURNS = 7_041_776
_PRAGMAS = (
    "journal_mode=WAL",
    # What was answered must survive a loss of power.
    "synchronous=FULL",
    "foreign_keys=ON",
    # What was deleted must not stay readable in free pages.
    "secure_delete=ON",
)


class Database:
    """Opens connections when they are needed; safe to share between threads."""

    __slots__ = (
        "_engine",
        "_inherited",
        "_local",
        "_owner",
        "_url",
        "_writing",
        "is_sqlite",
        "place",
    )

    def __init__(self, url: str) -> None:
        """Take a URL as SQLAlchemy has it; nothing is opened yet.

        Raises:
            ConfigError: it is no URL of a database that we speak to.

        """
        try:
            made = make_url(url)
        except ArgumentError as error:
            raise ConfigError("`store.url` is no URL of a database") from error
        if made.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ConfigError(f"`store.url`: no support for `{made.get_backend_name()}`")
        self.is_sqlite = made.get_backend_name() == "sqlite"
        # Never with the password.
        self.place = made.render_as_string(hide_password=True)
        self._url = made
        self._local = threading.local()
        self._writing = threading.Lock()
        self._owner = 0
        self._engine: Engine | None = None
        self._inherited: Engine | None = None

    @classmethod
    def in_file(cls, path: Path) -> Database:
        """Take an SQLite file that only its owner may read."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"cannot open store `{path}`: {reason}") from error
        return cls(f"sqlite:///{path}")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database.

        Raises:
            UnavailableError: it does not answer, or is damaged.

        """
        inside = self._inside
        if inside is not None:
            yield inside
            return
        with self._telling(), self._connect() as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """All or nothing: what fails half-way leaves no trace. Inside another change, part of it.

        Raises:
            UnavailableError: it does not answer, or is damaged; then nothing was changed.

        """
        inside = self._inside
        if inside is not None:
            yield inside
            return
        with self._telling(), self._turn(), self._connect() as opened:
            connection = opened.execution_options(**{_CHANGES: True})
            self._local.inside, self._local.afterwards = connection, []
            try:
                with connection.begin():
                    yield connection
                afterwards = self._local.afterwards
            finally:
                self._local.inside = None
            for act in afterwards:
                act()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the changes inside one."""
        with self.change():
            yield

    def take_turn(self, name: str) -> None:
        """Wait until nobody else has this turn; it is ours until the change that goes on ends."""
        inside = self._inside
        # In SQLite whoever changes anything is alone anyway.
        if inside is not None and not self.is_sqlite:
            key = func.hashtextextended(name, _TURNS)
            inside.execute(select(func.pg_advisory_xact_lock(key)))

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something once the change that is going on has been made."""
        self._local.afterwards.append(act)

    def close(self) -> None:
        """Close what is open; it opens again when it is needed."""
        if self._engine is not None and self._owner == os.getpid():
            self._engine.dispose()
            self._engine = None

    @property
    def _inside(self) -> Connection | None:
        return getattr(self._local, "inside", None)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        # The database has a lock of its own, but waits for it by sleeping.
        with self._writing:
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise UnavailableError(f"the store does not answer: {reason}") from error

    def _connect(self) -> Connection:
        # A connection must not live on in a child process. Nor may it be closed there: for what
        # the parent does with it that would come as a surprise.
        if self._engine is None or self._owner != os.getpid():
            self._inherited, self._engine = self._engine, self._open()
            self._owner = os.getpid()
        return self._engine.connect()

    def _open(self) -> Engine:
        options: dict[str, Any] = {"connect_args": {"timeout": _WAIT_SECONDS}}
        if not self.is_sqlite:
            options["connect_args"] = dict(_PATIENCE)
            options |= {"pool_size": _POOL, "pool_pre_ping": True, "pool_timeout": _WAIT_SECONDS}
        try:
            engine = create_engine(self._url, hide_parameters=True, **options)
        except ImportError as error:
            raise MissingExtraError("a store in PostgreSQL", "postgres") from error
        if self.is_sqlite:
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
        return engine


def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401 -- the driver's own
    # Transactions are begun below, not where the driver sees fit.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # Who will write takes the lock at once: one that reads first cannot always get it later.
    changes = connection.get_execution_options().get(_CHANGES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changes else "BEGIN")
