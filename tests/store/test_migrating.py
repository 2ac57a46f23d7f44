"""A store of the first version, with what was kept in it, becomes one of this version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
from sqlalchemy import create_engine
from tests.decided import attack, request
from tests.store.conftest import MakeStore

from aidefence.adapters.store import migrating
from aidefence.adapters.store.migrating import shape_of
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction
from aidefence.domain.feedback import GroundTruth

_STEPS = Path(migrating.__file__).parent / "migrations"
_OLD = sorted(path.name[:4] for path in (_STEPS / "versions").glob("[0-9]*.py"))[:-1]


def _make_old(file: Path, revision: str) -> None:
    """Make the tables as that version did."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config: Any = import_module("alembic.config").Config()
        config.set_main_option("script_location", str(_STEPS))
        config.attributes["connection"] = connection
        import_module("alembic.command").upgrade(config, revision)
    engine.dispose()


def _pour(new: Path, old: Path) -> None:
    """Put into the old tables what the new ones hold, as far as they had a place for it."""
    with closing(sqlite3.connect(old)) as db:
        db.execute("ATTACH ? AS new", (str(new),))
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        for table in tables:
            if table == "alembic_version" or table.startswith("sqlite_"):
                continue
            names = ", ".join(row[1] for row in db.execute(f"PRAGMA table_info({table})"))
            db.execute(f"DELETE FROM {table}")
            db.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        db.commit()


@pytest.mark.parametrize("revision", _OLD)
def test_what_an_old_store_holds_is_there_after_the_steps(
    make_store: MakeStore, tmp_path: Path, revision: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    store = make_store(folder=folder)
    asked = [request(id=f"req_{at}") for at in range(20)]
    for it in asked:
        store.log.record(it, attack())
    store.folding.fold()
    store.feedback.give(asked[0].id, LOCAL, GroundTruth.BENIGN)
    store.audit.note(LOCAL, AuditAction.FLAG_CHANGED, "rule:x")
    head = store.audit.verify().head
    store.log.close()
    store.database.close()
    # The same keys, and an older database.
    there = tmp_path / "there"
    copytree(folder, there, ignore=ignore_patterns("aidefence.db*"))
    _make_old(there / "aidefence.db", revision)
    _pour(folder / "aidefence.db", there / "aidefence.db")
    opened = make_store(folder=there)
    assert shape_of(opened.database).current
    assert [opened.episodes.find(it.id, LOCAL).id for it in asked] == [it.id for it in asked]
    assert opened.audit.verify(head).intact
    given = opened.feedback.give(asked[0].id, LOCAL, GroundTruth.BENIGN)
    assert not given.new
    # And it goes on.
    opened.log.record(request(id="req_later"), attack())
    opened.folding.fold()
    assert opened.episodes.find("req_later", LOCAL).detected
