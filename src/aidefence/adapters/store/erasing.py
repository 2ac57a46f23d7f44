"""Forgetting a person, in the store and in the journals before it.

Whose request it was stands in the bytes of an episode alone: nobody pays for an index that is
wanted once in a while. The database looks for the name in these bytes, and only what has it is
opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, literal, select

from aidefence.adapters.journal.bodies import Body, read_body
from aidefence.adapters.journal.frames import HEAD_BYTES, read_frames
from aidefence.adapters.journal.log import kept_name
from aidefence.adapters.journal.segments import segments_in
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.folding import Folding
from aidefence.adapters.store.tables import COMMENTS, CONTENTS, EPISODES, FEEDBACK, REVIEWS
from aidefence.adapters.store.writing import plain
from aidefence.ports.erasing import NamedSession, Traces

_LOOKED_AT_ONCE = 20_000
_DELETED_AT_ONCE = 500
# Where a decision is kept with what was said about it, it outlives its episode.
_KEPT = (
    ("episodes", EPISODES, EPISODES.c.seq, EPISODES.c.body),
    ("feedback", FEEDBACK, FEEDBACK.c.id, FEEDBACK.c.episode),
    ("reviews", REVIEWS, REVIEWS.c.id, REVIEWS.c.episode),
)


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody as records name them."""

    tenant: str
    user: str

    @property
    def needle(self) -> bytes:
        return self.user.encode()

    def has(self, body: Body) -> bool:
        return body.user == self.user and body.tenant == self.tenant


class ErasureTable:
    """Deletes what is kept of one person's requests."""

    def __init__(self, database: Database, folding: Folding, journal: Path) -> None:
        self._database = database
        self._folding = folding
        self._journal = journal

    def erase(self, tenant: str, user: str) -> Traces:
        """Delete it from the store and from the journals of this machine."""
        person = _Person(kept_name(tenant), kept_name(user))
        # What waits is in the store then: one place to look for it.
        self._folding.fold_all()
        bodies: dict[str, Body] = {}
        counts = {"episodes": 0, "contents": 0, "feedback": 0, "reviews": 0}
        for kind, table, key, kept in _KEPT:
            for found in self._found(person, table, key, kept):
                bodies |= {it.id: it for it in found.values()}
                with self._database.change() as connection:
                    counts[kind] += _delete(connection, key, found)
                    names = [plain(it.id) for it in found.values()]
                    counts["contents"] += _delete(connection, CONTENTS.c.request_id, names)
                    if table is REVIEWS:
                        _delete(connection, COMMENTS.c.case_id, found)
        self._blot(person)
        return Traces(
            counts,
            frozenset(bodies),
            frozenset(
                NamedSession(it.tenant, it.caller, it.session)
                for it in bodies.values()
                if it.session is not None
            ),
        )

    def _found(
        self, person: _Person, table: Table, key: Column[Any], kept: Column[Any]
    ) -> Iterator[dict[Any, Body]]:
        """Give what is theirs, some thousand rows at a time, by the key of the table."""
        last: Any = None
        while True:
            with self._database.read() as connection:
                bound = _bound(connection, table, key, last)
                query = select(key, kept).where(table.c.tenant == plain(person.tenant))
                rest = query if last is None else query.where(key > last)
                some = rest if bound is None else rest.where(key <= bound)
                rows = connection.execute(some.where(_holds(connection, kept, person.needle))).all()
            bodies = {row[0]: read_body(row[1]) for row in rows}
            theirs = {name: it for name, it in bodies.items() if person.has(it)}
            if theirs:
                yield theirs
            if bound is None:
                return
            last = bound

    def _blot(self, person: _Person) -> None:
        """Overwrite their records where journals still hold what is in the store already.

        Whoever writes to a file only appends to it, and nobody reads what was taken over.
        """
        paths = segments_in(self._journal)
        for name, position in self._folding.positions([it.name for it in paths]).items():
            path = self._journal / name
            with suppress(FileNotFoundError):
                with path.open("rb") as stream:
                    data = stream.read(position)
                if person.needle in data:
                    _overwrite(path, _places(data, person))


def _bound(connection: Connection, table: Table, key: Column[Any], last: object) -> Any:  # noqa: ANN401
    """Name the last of the next rows; none where all that are left are few."""
    query = select(key).order_by(key).offset(_LOOKED_AT_ONCE - 1).limit(1)
    rest = query if last is None else query.where(key > last)
    return connection.execute(rest.select_from(table)).scalar_one_or_none()


def _holds(connection: Connection, kept: Column[Any], needle: bytes) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return func.instr(kept, needle) > 0
    return func.position(literal(needle).op("IN")(kept)) > 0


def _delete(connection: Connection, key: Column[Any], values: Iterable[object]) -> int:
    wanted, total = list(values), 0
    for at in range(0, len(wanted), _DELETED_AT_ONCE):
        some = wanted[at : at + _DELETED_AT_ONCE]
        total += connection.execute(delete(key.table).where(key.in_(some))).rowcount
    return total


def _places(data: bytes, person: _Person) -> Iterator[tuple[int, int]]:
    """Give where records of theirs begin and end."""
    for frame in read_frames(data):
        if person.needle in frame.body and person.has(read_body(frame.body)):
            size = HEAD_BYTES + len(frame.body) + len(frame.kept)
            yield frame.end - size, frame.end


def _overwrite(path: Path, places: Iterable[tuple[int, int]]) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        for begin, end in places:
            os.pwrite(handle, bytes(end - begin), begin)
        os.fsync(handle)
    finally:
        os.close(handle)
