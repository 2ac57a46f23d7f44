"""The store without a gateway: for the command line of whoever owns the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aidefence.adapters.store.counting import count_rows
from aidefence.adapters.store.migrating import Shape, shape_of, upgrade
from aidefence.app.parts.erasing import open_erasure
from aidefence.app.parts.store import Store, locate_database, open_store, upgrade_lock
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import read_sources
from aidefence.domain.audit import AuditAction
from aidefence.service.erasing import Erasure


@dataclass(frozen=True, slots=True)
class Condition:
    """How a store is: where, of which shape, and how much it holds."""

    place: str
    shape: Shape
    counts: Mapping[str, int]
    waiting_bytes: int
    """What is in journals and not in the store yet."""


@contextmanager
def opened_store(sources: Sources) -> Iterator[Store]:
    """Open all that a gateway with these settings remembers.

    Raises:
        ConfigError: the settings are wrong, or the store cannot be opened.

    """
    with _opened(read_sources(sources)) as store:
        yield store


@contextmanager
def opened_erasure(sources: Sources) -> Iterator[Erasure]:
    """Open what forgets people, for a gateway with these settings.

    Raises:
        ConfigError: the settings are wrong, or the store cannot be opened.

    """
    settings = read_sources(sources)
    with _opened(settings) as store:
        yield open_erasure(settings, store)


def upgrade_store(sources: Sources) -> tuple[str, Shape]:
    """Bring the tables up to date; gives where, and the shape that they had.

    Raises:
        ConfigError: the settings are wrong, or a newer version was here.
        UnavailableError: the database does not answer.

    """
    settings = read_sources(sources)
    database = locate_database(settings)
    try:
        before = upgrade(database, upgrade_lock(settings))
    finally:
        database.close()
    if not before.current:
        with _opened(settings) as store:
            shapes = {"from": before.found, "to": before.wanted}
            store.audit.note_system(AuditAction.STORE_UPGRADED, "", **shapes)
    return database.place, before


def examine_store(sources: Sources) -> Condition:
    """Look how the store is; its tables stay as they are.

    Raises:
        ConfigError: the settings are wrong.
        UnavailableError: the database does not answer, or is damaged.

    """
    settings = read_sources(sources)
    database = locate_database(settings)
    try:
        shape = shape_of(database)
        counts = count_rows(database) if shape.current else {}
    finally:
        database.close()
    if not shape.current:
        return Condition(database.place, shape, counts, 0)
    with _opened(settings) as store:
        return Condition(database.place, shape, counts, store.episodes.state().waiting_bytes)


@contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    store = open_store(settings, lambda _: "")
    try:
        yield store
    finally:
        store.database.close()
