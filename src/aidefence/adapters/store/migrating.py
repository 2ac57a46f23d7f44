"""Bring the tables to the shape that this version speaks. Alembic is loaded only for a step."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from aidefence.adapters.journal.segments import alone
from aidefence.adapters.store.database import Database
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnavailableError

_STEPS = Path(__file__).resolve().parent / "migrations"
REVISION: Final = max(path.name[:4] for path in (_STEPS / "versions").glob("[0-9]*.py"))
"""The shape that this version speaks."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of the tables that are there, and the one that this version speaks."""

    found: str | None
    wanted: str = REVISION

    @property
    def current(self) -> bool:
        """Whether nothing is to be done."""
        return self.found == self.wanted

    @property
    def newer(self) -> bool:
        """Whether a newer version was here."""
        return self.found is not None and self.found > self.wanted


def shape_of(database: Database) -> Shape:
    """Look at the shape of the tables.

    Raises:
        UnavailableError: the database does not answer, or is damaged.

    """
    with database.read() as connection:
        return Shape(_found(connection))


def upgrade(database: Database, lock: Path) -> Shape:
    """Go all steps; two processes at once do so one after the other. Gives the shape it was.

    Raises:
        ConfigError: a newer version was here, or the store is damaged.
        UnavailableError: the database does not answer.

    """
    with alone(lock), database.change() as connection:
        if not database.is_sqlite:
            # A step over a large table takes the time that it takes.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
        database.take_turn("upgrade")
        before = Shape(_found(connection))
        if before.newer:
            raise ConfigError(_NEWER.format(database.place, before.found, before.wanted))
        if not before.current:
            _go(connection)
        return before


def ensure_current(database: Database, lock: Path) -> None:
    """Bring an SQLite file up to date; refuse another database that is not.

    Raises:
        ConfigError: what is there is damaged, newer than this version, or to be upgraded by hand.

    """
    try:
        shape = shape_of(database)
        if shape.current:
            return
        if shape.newer:
            raise ConfigError(_NEWER.format(database.place, shape.found, shape.wanted))
        if not database.is_sqlite:
            found = shape.found or "empty"
            raise ConfigError(
                f"store `{database.place}` is {found} and this version needs {shape.wanted}: "
                "run `aidefence db upgrade` first"
            )
        upgrade(database, lock)
    except UnavailableError as error:
        raise ConfigError(f"cannot open store `{database.place}`: {error}") from error


_NEWER = "store `{}` has shape {}, newer than {} of this version: a newer version was here"


def _found(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).one_or_none()
    return None if row is None else str(row[0])


def _go(connection: Connection) -> None:
    config: Any = import_module("alembic.config").Config()
    config.set_main_option("script_location", str(_STEPS))
    config.attributes["connection"] = connection
    import_module("alembic.command").upgrade(config, "head")
