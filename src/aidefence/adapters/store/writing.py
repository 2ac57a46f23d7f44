"""What SQLite and PostgreSQL say differently: rows that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_AT_ONCE = 1000
_NAME_CODE_POINTS_MAX = 256
Row = Mapping[str, Any]
Rows = list[tuple[Any, ...]]


def plain(name: str) -> str:
    """Write a name so that no database refuses it in a text or an index."""
    return name.replace("\0", "\ufffd")[:_NAME_CODE_POINTS_MAX]


def insert_new(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> None:
    """Insert rows of these columns; those whose key is there already stay as they are."""
    # Both speak this sentence; to have it written for each row anew would cost more than the rest.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join(mark for _ in names)
    into = f"{table.name} ({', '.join(names)})"
    sql = f"INSERT INTO {into} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
    for at in range(0, len(rows), _AT_ONCE):
        connection.exec_driver_sql(sql, rows[at : at + _AT_ONCE])


def put(connection: Connection, table: Table, row: Row) -> None:
    """Insert a row, in the place of one with the same key."""
    keys = [it.name for it in table.primary_key]
    new = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection, table).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new))


def add_up(connection: Connection, table: Table, column: str, rows: Sequence[Row]) -> None:
    """Insert rows; where a key is there already, add to its number."""
    if not rows:
        return
    keys = [it.name for it in table.primary_key]
    insert = _insert(connection, table)
    total = table.c[column] + insert.excluded[column]
    statement = insert.on_conflict_do_update(index_elements=keys, set_={column: total})
    connection.execute(statement, rows)


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    # Three megabytes in every process that loads it: only for those who have such a database.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)
