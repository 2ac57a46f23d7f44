"""What SQLite and PostgreSQL say differently: rows that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_AT_ONCE = 1000
_NAME_CODE_POINTS_MAX = 256
Row = Mapping[str, Any]


def plain(name: str) -> str:
    """Write a name so that no database refuses it in a text or an index."""
    return name.replace("\0", "\ufffd")[:_NAME_CODE_POINTS_MAX]


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; those whose key is there already stay as they are."""
    statement = _insert(connection, table).on_conflict_do_nothing()
    for at in range(0, len(rows), _AT_ONCE):
        connection.execute(statement, rows[at : at + _AT_ONCE])


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
    return postgresql.insert(table)
