"""Somebody keeps house: one process at a time, a new one when it is killed, none when all end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from tests.decided import detection, request
from tests.servers import wait_until
from tests.store.conftest import MakeStore

from aidefence.adapters.journal.segments import is_finished, segments_in
from aidefence.app.housekeeping import Housekeeper
from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.app.steward import JobWorkers, Steward
from aidefence.domain.access import LOCAL
from aidefence.domain.job import JobKind, JobState


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, store=StoreSettings(content="redacted"))  # type: ignore[arg-type]


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store(content="redacted")


@pytest.fixture
def housekeepers(settings: Settings, store: Store) -> Iterator[list[Housekeeper]]:
    """Those of two workers."""
    assert store.episodes.tip() == 0
    two = [Housekeeper(settings), Housekeeper(settings)]
    for it in two:
        it.start()
    yield two
    for it in two:
        it.stop()


def _processes(housekeepers: list[Housekeeper]) -> list[subprocess.Popen[bytes]]:
    begun = [it._process for it in housekeepers if it._process is not None]
    return [it for it in begun if it.poll() is None]


def _taken_over(store: Store, count: int) -> None:
    wait_until(lambda: store.episodes.tip() == count, f"not {count} episodes")


def test_one_keeps_house_and_another_follows(
    housekeepers: list[Housekeeper], store: Store, tmp_path: Path
) -> None:
    asked = request("my mail is ann.miller@posteo.de")
    store.log.record(asked, detection())
    _taken_over(store, 1)
    # What is private is taken out on the way into the store.
    [kept] = store.episodes.contents(asked.id, LOCAL)
    assert "my mail is" in kept
    assert "ann.miller" not in kept
    wait_until(lambda: len(_processes(housekeepers)) == 1, "there is not one of them")
    [first] = _processes(housekeepers)
    first.send_signal(signal.SIGKILL)
    first.wait()
    store.log.record(request(), detection())
    _taken_over(store, 2)
    assert _processes(housekeepers) != [first]
    for it in housekeepers:
        it.stop()
    assert is_finished(tmp_path / "journal" / ".housekeeping")


def test_it_ends_with_who_started_it(settings: Settings, store: Store, tmp_path: Path) -> None:
    lock = tmp_path / "journal" / ".housekeeping"
    child = os.fork()
    if child == 0:
        Housekeeper(settings).start()
        signal.pause()
        os._exit(1)
    store.log.record(request(), detection())
    _taken_over(store, 1)
    assert not is_finished(lock)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_until(lambda: is_finished(lock), "it lives on")


def test_what_a_worker_wrote_last_is_taken_over_when_it_ends(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    own = open_store(settings, lambda given: given)
    steward = Steward(settings, own)
    jobs = JobWorkers(own.jobs, {JobKind.DETECT: lambda task: task.payload}, 2)

    async def serve() -> str:
        async with steward.running(), jobs.running():
            submitted = own.jobs.submit(JobKind.DETECT, b'"done"', LOCAL)

            def done() -> bool:
                return own.jobs.find(submitted.id, LOCAL).state is JobState.DONE

            await anyio.to_thread.run_sync(wait_until, done, "nobody does jobs")
            own.log.record(request(id="req_last"), detection())
            return submitted.id

    job_id = anyio.run(serve)
    assert segments_in(tmp_path / "journal") == []
    assert store.episodes.find("req_last", LOCAL).cursor == 1
    assert store.jobs.find(job_id, LOCAL).result == b'"done"'
