"""Quotas of the month outlive workers, gateways and the file they are counted in."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.access.conftest import TurnedClock

from aidefence.adapters.limits_mapped import MappedCounters
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.usage import DatabaseUsage
from aidefence.domain.access import LOCAL, Plan
from aidefence.domain.asking import Request
from aidefence.domain.plans import Terms
from aidefence.domain.refusals import LimitedError, UnavailableError
from aidefence.service.limits import Limiter, LimitRules, month_of
from aidefence.service.quotas import Quotas

RULES = LimitRules(plans={Plan.FREE: Terms(requests_per_month=10)})
ACME = Request("x", "req_1", "rest", replace(LOCAL, tenant="acme", plan=Plan.FREE))


class Worker:
    def __init__(self, folder: Path, database: Database, clock: TurnedClock) -> None:
        folder.mkdir(exist_ok=True)
        counters = MappedCounters(folder / "limits")
        self.store = DatabaseUsage(database)
        self.limiter = Limiter(RULES, counters, counters, b"s" * 32, clock)
        self.quotas = Quotas(self.limiter, counters, self.store, clock)


def test_what_was_used_is_remembered_by_tenant_and_month(
    tmp_path: Path, database: Database, clock: TurnedClock
) -> None:
    worker = Worker(tmp_path / "run", database, clock)
    worker.limiter.admit(ACME, cost=4)
    worker.quotas.keep()
    month = month_of(clock.ms)
    assert worker.store.used(month.number) == {"acme": 4}
    worker.limiter.admit(ACME, cost=3)
    worker.quotas.keep()
    assert worker.store.used(month.number) == {"acme": 7}
    clock.ms = month.ends_ms
    worker.limiter.admit(ACME)
    worker.quotas.keep()
    assert worker.store.used(month.number) == {"acme": 7}
    assert worker.store.used(month.number + 1) == {"acme": 1}


def test_when_the_file_is_lost_the_store_knows(
    tmp_path: Path, database: Database, clock: TurnedClock
) -> None:
    worker = Worker(tmp_path / "run", database, clock)
    worker.limiter.admit(ACME, cost=9)
    worker.quotas.keep()
    shutil.rmtree(tmp_path / "run")
    again = Worker(tmp_path / "run", database, clock)
    again.quotas.keep()
    again.limiter.admit(ACME)
    with pytest.raises(LimitedError, match="10 requests a month, and 10 were made"):
        again.limiter.admit(ACME)


def test_when_the_store_is_lost_the_file_knows(
    tmp_path: Path, database: Database, clock: TurnedClock
) -> None:
    worker = Worker(tmp_path / "run", database, clock)
    worker.limiter.admit(ACME, cost=8)
    # Killed before anything was remembered.
    again = Worker(tmp_path / "run", database, clock)
    again.quotas.keep()
    again.limiter.admit(ACME)
    again.quotas.keep()
    assert again.store.used(month_of(clock.ms).number) == {"acme": 9}


def test_workers_that_write_late_lower_nothing(
    tmp_path: Path, database: Database, clock: TurnedClock
) -> None:
    workers = [Worker(tmp_path / "run", database, clock) for _ in range(3)]
    for worker in workers:
        worker.limiter.admit(ACME)
    month = month_of(clock.ms).number
    for worker in workers:
        worker.quotas.keep()
        assert worker.store.used(month) == {"acme": 3}
    workers[0].store.raise_to(month, {"acme": 1})
    assert workers[0].store.used(month) == {"acme": 3}


def test_a_store_that_is_silent_is_caught_up_with_later(
    tmp_path: Path, database: Database, clock: TurnedClock
) -> None:
    worker = Worker(tmp_path / "run", database, clock)
    worker.limiter.admit(ACME, cost=2)
    file = tmp_path / "aidefence.db"
    database.close()
    kept = file.read_bytes()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError):
        worker.quotas.keep()
    worker.limiter.admit(ACME)
    database.close()
    file.write_bytes(kept)
    for other in tmp_path.glob("aidefence.db-*"):
        other.unlink()
    worker.quotas.keep()
    assert worker.store.used(month_of(clock.ms).number) == {"acme": 3}
