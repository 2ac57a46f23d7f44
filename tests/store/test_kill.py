"""Processes are killed under load, again and again: nothing that was answered is lost."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.store.conftest import MakeStore, TurnedClock
from tests.store.writer import write_until_killed

from aidefence.adapters.journal.segments import segments_in
from aidefence.adapters.store.tables import AUDIT, EPISODES, FEEDBACK, JOBS, ROLLUPS
from aidefence.app.parts.store import Store
from aidefence.domain.job import JobKind

_WRITERS = 2
_SECONDS_MAX = 240


# Processes that have loaded everything before they begin: they are killed at work, not on the way.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.store.writer"])


@dataclass
class _Victims:
    """Processes that are started and killed; `told` is what they answered before."""

    folder: Path
    url: str | None
    running: list[ForkServerProcess] = field(default_factory=list)
    told: dict[str, set[str]] = field(default_factory=dict)
    kills: int = 0

    def start(self) -> None:
        """Start one more."""
        name = f"{self.kills}x{len(self.running)}"
        arguments = (self.folder, name, self.url)
        process = _PROCESSES.Process(target=write_until_killed, args=arguments)
        process.start()
        self.running.append(process)

    def kill_one(self) -> None:
        """Kill whoever was started first."""
        victim = self.running.pop(0)
        assert victim.is_alive(), "it ended by itself"
        victim.kill()
        victim.join()
        victim.close()
        self.kills += 1

    def read(self) -> None:
        """Take in what all of them answered."""
        for path in self.folder.glob("told-*"):
            for line in path.read_bytes().split(b"\n")[:-1]:
                kind, _, what = line.decode().partition(" ")
                self.told.setdefault(kind, set()).add(what)


@pytest.mark.parametrize(
    # It takes its time to let somebody in.
    ("database", "kills", "seconds"),
    [("sqlite", 100, (0.1, 0.6)), ("postgresql", 15, (0.8, 1.6))],
)
def test_nothing_that_was_answered_is_lost(
    make_store: MakeStore,
    clock: TurnedClock,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    *,
    database: str,
    kills: int,
    seconds: tuple[float, float],
) -> None:
    url = None
    if database == "postgresql":
        made = request.getfixturevalue("made_database")
        url = request.getfixturevalue("postgres").new_database(made)
    store = make_store(url)
    victims = _Victims(tmp_path, url)
    _kill_often(victims, kills, seconds)
    victims.read()
    clock.ms = time.time_ns() // 1_000_000 + 3_600_000
    while store.folding.fold():
        pass
    _nothing_is_lost(store, victims)
    assert segments_in(tmp_path / "journal") == []
    report = store.audit.verify()
    assert report.faults == ()
    noted = json.loads((tmp_path / "audit.head").read_text())["number"]
    assert report.records - kills <= noted <= report.records


def _kill_often(victims: _Victims, kills: int, seconds: tuple[float, float]) -> None:
    dice = random.Random(7)
    deadline = time.monotonic() + _SECONDS_MAX
    for _ in range(_WRITERS):
        victims.start()
    while victims.kills < kills:
        # Often in the middle of work, sometimes before it began.
        time.sleep(dice.uniform(*seconds))
        victims.kill_one()
        victims.start()
        assert time.monotonic() < deadline, f"only {victims.kills} kills"
    for _ in range(_WRITERS):
        victims.kill_one()


def _nothing_is_lost(store: Store, victims: _Victims) -> None:
    with store.database.read() as connection:
        episodes = Counter(connection.execute(select(EPISODES.c.id)).scalars())
        feedback = set(connection.execute(select(FEEDBACK.c.request_id)).scalars())
        audit = {str(it) for it in connection.execute(select(AUDIT.c.number)).scalars()}
        jobs = set(connection.execute(select(JOBS.c.id)).scalars())
        minutes = select(ROLLUPS.c.decisions).where(ROLLUPS.c.step_ms == 60_000)
        summed = sum(connection.execute(minutes).scalars())
    told = victims.told
    # With fewer than these it would show nothing.
    assert min(len(told[it]) for it in ("episode", "feedback", "audit", "job")) >= 20
    assert told["episode"] <= set(episodes)
    assert told["feedback"] <= feedback
    assert told["audit"] <= audit
    assert told["job"] <= jobs
    # Once each, and summed up once each.
    assert set(episodes.values()) == {1}
    assert summed == len(episodes)
    while store.jobs.run_next({JobKind.DETECT: lambda _: b'"done"'}):
        pass
    assert store.jobs.waiting() == 0
