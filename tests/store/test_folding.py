"""Journals are taken over once, whatever happens meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from tests.decided import attack, detection, request
from tests.store.conftest import MakeStore

from aidefence.adapters.journal.segments import segments_in
from aidefence.adapters.store.tables import EPISODES, ROLLUPS, SEGMENTS
from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.domain.access import LOCAL
from aidefence.domain.enums import Action
from aidefence.domain.refusals import UnavailableError
from aidefence.domain.windows import Window


def _count(store: Store) -> tuple[int, int]:
    """Count episodes, and the decisions that were summed up."""
    with store.database.read() as connection:
        episodes = connection.execute(select(func.count()).select_from(EPISODES)).scalar_one()
        summed = select(func.coalesce(func.sum(ROLLUPS.c.decisions), 0))
        minutes = connection.execute(summed.where(ROLLUPS.c.step_ms == 60_000)).scalar_one()
    return episodes, int(minutes)


def test_folding_twice_gives_the_same(store: Store) -> None:
    store.log.record_all([(request(), detection()) for _ in range(20)])
    assert store.folding.fold() == 20
    assert store.folding.fold() == 0
    store.log.record(request(), detection())
    assert store.folding.fold() == 1
    assert _count(store) == (21, 21)


def test_a_file_goes_when_it_is_finished_and_taken_over(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    store.log.record(request(), detection())
    store.folding.fold()
    assert len(segments_in(journal)) == 1
    store.log.close()
    store.folding.fold()
    assert segments_in(journal) == []
    assert _count(store) == (1, 1)


def test_a_file_that_comes_back_is_not_taken_over_again(store: Store, tmp_path: Path) -> None:
    # As after a kill between the transaction and the deletion.
    store.log.record_all([(request(), detection()) for _ in range(5)])
    store.log.close()
    [path] = segments_in(tmp_path / "journal")
    shutil.copy(path, tmp_path / "kept")
    store.folding.fold()
    shutil.copy(tmp_path / "kept", path)
    store.folding.fold()
    assert _count(store) == (5, 5)
    assert segments_in(tmp_path / "journal") == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_at_any_byte_the_whole_records_are_taken_over(
    make_store: MakeStore, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    store = make_store(folder=folder)
    store.log.record_all([(request(f"text {at}"), attack()) for at in range(4)])
    store.log.close()
    [path] = segments_in(folder / "journal")
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size))
    with path.open("r+b") as stream:
        stream.truncate(cut)
    whole = cut * 4 // size
    store.folding.fold()
    assert _count(store) == (whole, whole)
    assert store.folding.damaged == cut - whole * size // 4
    assert segments_in(folder / "journal") == []


def test_more_than_one_round_takes_over_all(store: Store) -> None:
    pairs = [(request(), detection()) for _ in range(12_000)]
    for at in range(0, len(pairs), 3000):
        store.log.record_all(pairs[at : at + 3000])
    rounds = []
    while taken := store.folding.fold():
        rounds.append(taken)
    assert len(rounds) > 1
    assert _count(store) == (12_000, 12_000)
    assert store.episodes.window(Window.HOUR, LOCAL).decisions == 12_000


def test_what_fails_half_way_is_taken_over_later(make_store: MakeStore, url: str | None) -> None:
    store = make_store(url)
    store.log.record_all([(request(), detection(Action.REVIEW)) for _ in range(3)])
    with store.database.change() as connection:
        connection.execute(text("ALTER TABLE latencies RENAME TO gone"))
    with pytest.raises(UnavailableError):
        store.folding.fold()
    assert _count(store) == (0, 0)
    assert store.episodes.state().waiting_bytes > 0
    with store.database.change() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO latencies"))
    assert store.folding.fold() == 3
    assert _count(store) == (3, 3)
    assert store.episodes.state().waiting_bytes == 0


def test_two_processes_at_once_take_over_each_record_once(
    make_store: MakeStore, url: str | None, tmp_path: Path
) -> None:
    store = make_store(url)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_and_fold, args=(tmp_path, url)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    while store.folding.fold():
        pass
    assert _count(store) == (4000, 4000)
    assert segments_in(tmp_path / "journal") == []
    with store.database.read() as connection:
        assert set(connection.execute(select(SEGMENTS.c.done)).scalars()) == {1}


def _write_and_fold(folder: Path, url: str | None) -> None:
    settings = Settings(state_dir=folder, store=StoreSettings(url=url))  # type: ignore[arg-type]
    store = open_store(settings, lambda given: given)
    for at in range(2000):
        store.log.record(request(id=f"req_{os.getpid()}_{at}"), detection())
        if at % 50 == 0:
            store.folding.fold()
    store.log.close()
    store.database.close()
