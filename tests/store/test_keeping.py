"""Tables of the right shape, forgetting by policy, and a store that cannot be opened."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text
from tests.decided import attack, detection, request
from tests.servers import PostgresServer
from tests.store.conftest import MakeStore, TurnedClock

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.migrating import REVISION, Shape, ensure_current, shape_of, upgrade
from aidefence.adapters.store.tables import COMMENTS, METADATA
from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction
from aidefence.domain.enums import Action
from aidefence.domain.errors import ConfigError
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.refusals import NotFoundError, UnavailableError
from aidefence.domain.windows import Window

_DAY = 24 * 3600


def test_the_steps_make_the_tables_that_we_speak(store: Store) -> None:
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert shape_of(store.database) == Shape(REVISION, REVISION)


def test_an_upgrade_of_what_is_current_changes_nothing(store: Store, tmp_path: Path) -> None:
    store.log.record(request(), detection())
    store.folding.fold()
    assert upgrade(store.database, tmp_path / "lock").current
    assert store.episodes.tip() == 1


def test_a_server_that_is_behind_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    database = Database(postgres.new_database())
    with pytest.raises(ConfigError, match=r"is empty .* run `aidefence db upgrade` first"):
        ensure_current(database, tmp_path / "lock")
    assert shape_of(database).found is None
    upgrade(database, tmp_path / "lock")
    ensure_current(database, tmp_path / "lock")
    database.close()


def test_a_newer_shape_is_refused(store: Store, tmp_path: Path) -> None:
    with store.database.change() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for bring in (ensure_current, upgrade):
        with pytest.raises(ConfigError, match="a newer version was here"):
            bring(store.database, tmp_path / "lock")


def test_two_processes_may_begin_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    starting = [context.Process(target=_open, args=(tmp_path,)) for _ in range(3)]
    for process in starting:
        process.start()
    for process in starting:
        process.join(60)
        assert process.exitcode == 0
    assert len(list(tmp_path.glob("installation.key"))) == 1


def _open(folder: Path) -> None:
    store = open_store(Settings(state_dir=folder), lambda given: given)
    store.audit.verify()
    store.database.close()


def test_files_are_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    store = open_store(Settings(state_dir=folder), lambda given: given)
    store.log.record(request(), detection())
    store.folding.fold()
    store.audit.note(LOCAL, AuditAction.KILL_THROWN)
    assert [it.name for it in folder.rglob("*") if it.stat().st_mode & 0o077] == ["audit.pub"]
    store.log.close()
    store.database.close()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "spoiled", [b"no database at all" * 500, b"SQLite format 3\0" + b"x" * 9000]
)
def test_a_spoiled_file_is_told(tmp_path: Path, spoiled: bytes) -> None:
    (tmp_path / "aidefence.db").write_bytes(spoiled)
    with pytest.raises(ConfigError, match="cannot open store"):
        open_store(Settings(state_dir=tmp_path), lambda given: given)


def test_a_file_spoiled_in_the_middle_is_told_and_nothing_is_lost(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store()
    store.log.record_all([(request(), attack()) for _ in range(2000)])
    store.folding.fold()
    store.database.close()
    whole = (tmp_path / "aidefence.db").read_bytes()
    half = len(whole) // 2
    (tmp_path / "aidefence.db").write_bytes(whole[:half] + b"\xff" * half)
    for rest in tmp_path.glob("aidefence.db-*"):
        rest.unlink()
    late = request()
    assert store.log.record(late, attack()).degraded == ()
    with pytest.raises(UnavailableError, match="does not answer"):
        store.folding.fold()
    # Put back from a backup, it goes on where it was.
    (tmp_path / "aidefence.db").write_bytes(whole)
    store.database.close()
    store.folding.fold()
    assert store.episodes.find(late.id, LOCAL).detected


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="cannot make folder"):
        open_store(Settings(state_dir=tmp_path / "state"), lambda given: given)


@pytest.mark.parametrize("url", ["mysql://a/b", "no url", "oracle://x"])
def test_other_databases_are_refused_without_their_password(tmp_path: Path, url: str) -> None:
    settings = Settings(state_dir=tmp_path, store=StoreSettings(url=url))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"store\.url"):
        open_store(settings, lambda given: given)


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://me:verysecret@127.0.0.1:9/none"
    settings = Settings(state_dir=tmp_path, store=StoreSettings(url=url))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot open store") as told:
        open_store(settings, lambda given: given)
    assert "verysecret" not in str(told.value)
    assert "verysecret" not in repr(settings)


def test_what_is_old_enough_is_forgotten(
    make_store: MakeStore, url: str | None, clock: TurnedClock
) -> None:
    store = make_store(url, content="encrypted", retention_days=30, content_retention_days=7)
    old, review = request(), request()
    store.log.record_all([(old, attack()), (review, detection(Action.REVIEW))])
    store.folding.fold()
    [case] = store.reviews.cases(LOCAL)
    store.reviews.comment(case.id, LOCAL, "hm")
    store.feedback.give(old.id, LOCAL, GroundTruth.ATTACK)
    assert set(store.retention.purge().values()) == {0}

    clock.pass_seconds(8 * _DAY)
    new = request()
    store.log.record(new, detection())
    store.folding.fold()
    assert store.retention.purge()["contents"] == 2
    with pytest.raises(NotFoundError):
        store.episodes.contents(old.id, LOCAL)
    assert store.episodes.contents(new.id, LOCAL) == ("hello",)

    clock.pass_seconds(23 * _DAY)
    gone = store.retention.purge()
    assert gone["episodes"] == 2
    with pytest.raises(NotFoundError):
        store.episodes.find(old.id, LOCAL)
    assert store.episodes.find(new.id, LOCAL).cursor == 3
    # The word and the case stand for themselves, and so do the sums.
    assert store.feedback.about(old.id, LOCAL)[0].episode.id == old.id
    assert store.reviews.find(case.id, LOCAL).episode.id == review.id
    assert store.episodes.window(Window.MONTH, LOCAL).decisions == 1

    clock.pass_seconds(800 * _DAY)
    gone = store.retention.purge()
    assert (gone["feedback"], gone["reviews"]) == (1, 1)
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(COMMENTS)).scalar_one() == 0
    # That all of this was done is never forgotten.
    assert store.audit.verify().intact
    assert [it.event.action.value for it in store.audit.read(LOCAL)].count("store.purged") == 3


def test_many_are_forgotten_in_bites(store: Store, clock: TurnedClock) -> None:
    for _ in range(4):
        store.log.record_all([(request(), detection()) for _ in range(3000)])
    while store.folding.fold():
        pass
    clock.pass_seconds(31 * _DAY)
    assert store.retention.purge()["episodes"] == 12_000
    # A cursor that somebody holds never means another episode later.
    store.log.record(request(), attack())
    store.folding.fold()
    assert store.episodes.tip() == 12_001


def test_the_store_is_what_sqlite_says_it_is(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    with store.database.read() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with closing(sqlite3.connect(tmp_path / "aidefence.db")) as direct:
        assert direct.execute("PRAGMA integrity_check").fetchone() == ("ok",)
