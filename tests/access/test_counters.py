"""Counters in shared memory and in Redis count as a plain model does, whatever happens."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.conftest import RedisServer, start_redis

from aidefence.adapters.limits_mapped import MappedCounters
from aidefence.adapters.limits_redis import RedisCounters
from aidefence.domain.errors import ConfigError
from aidefence.domain.plans import TICKS_PER_SECOND, Claim, Rate, Taken
from aidefence.domain.refusals import UnavailableError
from aidefence.ports.counting import Counters

_FRESH = itertools.count(1)
MONTH = 24_310


@dataclass
class Model:
    """What limits mean: a bucket that leaks one request an interval, and a count by month."""

    ahead: dict[int, int] = field(default_factory=dict)
    used: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, claims: Sequence[Claim], cost: int, month: int, now: int) -> Taken:
        levels: list[int] = []
        for at, claim in enumerate(claims):
            if claim.interval_ticks:
                most = claim.limit * claim.interval_ticks
                level = max(0, self.ahead.get(claim.subject, now) - now)
                level, step = min(level, most), cost * claim.interval_ticks
            else:
                most, step = claim.limit, cost
                level = self.used.get((claim.subject, month), 0)
            if level + step > most:
                return Taken((*levels, level), at)
            levels.append(level + step)
        for claim, level in zip(claims, levels, strict=True):
            if claim.interval_ticks:
                self.ahead[claim.subject] = now + level
            else:
                self.used[claim.subject, month] = level
        return Taken(tuple(levels))


@dataclass
class Ticks:
    """One clock for all."""

    now: int = 10**15

    def ns(self) -> int:
        return self.now * 100

    def __call__(self) -> int:
        return self.now


_RATES = st.sampled_from(
    [Rate(1, 3), Rate(7.5, 1), Rate(999_999, 2), Rate(0.01, 40), Rate(15e3, 9)]
)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from([-40_000_000, 0, 0, 1, 700, 666_667, 10_000_000, 10**12]),
        st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True),
        st.sampled_from([1, 1, 1, 2, 5]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rates=st.lists(_RATES, min_size=3, max_size=3), quota=st.integers(1, 12), steps=_STEPS)
def test_all_counters_count_alike(
    tmp_path: Path,
    redis: RedisServer,
    rates: list[Rate],
    quota: int,
    steps: list[tuple[int, list[int], int, int]],
) -> None:
    fresh, clock, model = next(_FRESH), Ticks(), Model()
    mapped = MappedCounters(tmp_path / str(fresh), monotonic_ns=clock.ns)
    shared = RedisCounters(redis.url, ticks=clock, wait_seconds=5)
    claims = [
        Claim("rate", fresh << 8 | at, rate.burst, rate.interval_ticks)
        for at, rate in enumerate(rates, 1)
    ]
    claims.append(Claim("month", fresh << 8 | 9, quota, 0))
    for passing, chosen, cost, later in steps:
        clock.now += passing
        asked = [claims[at] for at in chosen]
        expected = model.take(asked, cost, MONTH + later, clock.now)
        assert mapped.take(asked, cost, MONTH + later) == expected
        assert shared.take(asked, cost, MONTH + later) == expected


@pytest.fixture(params=["mapped", "redis"])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Counters:
    if request.param == "mapped":
        return MappedCounters(tmp_path / "limits")
    return RedisCounters(request.getfixturevalue("redis").url, wait_seconds=5)


def _claim(limit: int, per_second: float = 0.001) -> Claim:
    subject = next(_FRESH) << 20 | 7
    return Claim("key", subject, limit, Rate(per_second, limit).interval_ticks)


def test_threads_together_get_no_more_than_the_limit(counters: Counters) -> None:
    claim, passed = _claim(200), itertools.count()

    def ask() -> None:
        for _ in range(60):
            while True:
                try:
                    taken = counters.take([claim], 1, MONTH)
                except UnavailableError:
                    continue
                break
            if taken.refused is None:
                next(passed)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert next(passed) == 200


def test_what_was_counted_is_forgotten_with_time(counters: Counters) -> None:
    claim = _claim(1, per_second=20)
    assert counters.take([claim], 1, MONTH).refused is None
    assert counters.take([claim], 1, MONTH).refused == 0
    time.sleep(0.06)
    assert counters.take([claim], 1, MONTH).refused is None


def test_a_quota_can_be_raised_but_not_lowered(counters: Counters) -> None:
    claim = Claim("month", next(_FRESH) << 20 | 5, 100, 0)
    assert counters.raise_quota(claim.subject, MONTH, 98) == 98
    assert counters.raise_quota(claim.subject, MONTH, 5) == 98
    assert counters.take([claim], 2, MONTH).levels == (100,)
    assert counters.take([claim], 1, MONTH).refused == 0
    assert counters.take([claim], 1, MONTH + 1).refused is None


def _ask_until_killed(path: Path, claims: list[Claim], ready: str) -> None:
    counters = MappedCounters(path)
    for number in itertools.count():
        counters.take(claims, 1, MONTH)
        if number == 0:
            Path(ready).touch()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_process_leaves_neither_a_lock_nor_a_wrong_count(tmp_path: Path) -> None:
    path = tmp_path / "limits"
    quota = Claim("month", 77, 1 << 39, 0)
    rate = Claim("key", 78, 1000, 10)
    counters = MappedCounters(path)
    forking = multiprocessing.get_context("fork")
    for number in range(10):
        ready = tmp_path / f"ready{number}"
        child = forking.Process(target=_ask_until_killed, args=(path, [rate, quota], str(ready)))
        child.start()
        _wait_for(ready)
        before = counters.raise_quota(77, MONTH, 0)
        time.sleep(0.01)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        after = counters.raise_quota(77, MONTH, 0)
        assert before <= after < before + 10_000_000
        assert counters.take([quota], 1, MONTH).levels == (after + 1,)


def test_two_processes_share_one_count(tmp_path: Path) -> None:
    path, quota = tmp_path / "limits", Claim("month", 5, 1 << 39, 0)
    children = [
        multiprocessing.get_context("fork").Process(target=_ask_often, args=(path, quota))
        for _ in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert MappedCounters(path).raise_quota(5, MONTH, 0) == 6000


def _ask_often(path: Path, claim: Claim) -> None:
    counters = MappedCounters(path)
    for _ in range(2000):
        counters.take([claim], 1, MONTH)


def _hold_lock(path: Path, ready: str) -> None:
    counters = MappedCounters(path)
    counters._lock()
    Path(ready).touch()
    time.sleep(60)


def test_a_process_that_stands_still_with_the_lock_stops_nobody_for_long(tmp_path: Path) -> None:
    path, ready = tmp_path / "limits", tmp_path / "ready"
    counters = MappedCounters(path)
    child = multiprocessing.get_context("fork").Process(target=_hold_lock, args=(path, str(ready)))
    child.start()
    _wait_for(ready)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(UnavailableError, match="locked"):
            counters.take([_claim(5)], 1, MONTH)
    assert time.monotonic() - began < 5
    child.kill()
    child.join()
    assert counters.take([_claim(5)], 1, MONTH).refused is None


def test_a_thread_that_gets_no_time_refuses_nobody(tmp_path: Path) -> None:
    counters = MappedCounters(tmp_path / "limits")
    counters._lock()
    slow = threading.Timer(0.5, counters._unlock)
    slow.start()
    assert counters.take([_claim(5)], 1, MONTH).refused is None
    slow.join()


def test_a_full_file_forgets_whoever_would_be_forgotten_first(tmp_path: Path) -> None:
    counters = MappedCounters(tmp_path / "limits", rate_slots=64, quota_slots=8)
    size = sum(it.stat().st_size for it in tmp_path.iterdir())
    heavy = Claim("key", 64, 1000, TICKS_PER_SECOND)
    counters.take([heavy], 900, MONTH)
    for subject in range(1, 5000):
        counters.take([Claim("address", subject * 64 + 64, 10, TICKS_PER_SECOND)], 1, MONTH)
    assert counters.take([heavy], 101, MONTH).refused == 0
    assert sum(it.stat().st_size for it in tmp_path.iterdir()) == size


def test_what_was_counted_before_a_restart_of_the_machine_is_dropped(tmp_path: Path) -> None:
    counters = MappedCounters(tmp_path / "limits")
    rate, quota = _claim(1), Claim("month", 3, 9, 0)
    assert counters.take([rate, quota], 1, MONTH).refused is None
    assert MappedCounters(tmp_path / "limits").take([rate], 1, MONTH).refused == 0
    counters._view[0] = 1
    again = MappedCounters(tmp_path / "limits")
    assert again.take([rate, quota], 1, MONTH).levels[1] == 2


def test_a_file_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot map the file of limits"):
        MappedCounters(tmp_path / "nowhere" / "limits")
    with pytest.raises(ConfigError, match="no address of a Redis server"):
        RedisCounters("http://127.0.0.1")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = start_redis(tmp_path)
    yield server
    server.kill()


def test_a_redis_that_hangs_or_is_gone_costs_a_moment_and_is_found_again(
    own_redis: RedisServer,
) -> None:
    counters, claim = RedisCounters(own_redis.url), _claim(1000)
    assert counters.take([claim], 1, MONTH).refused is None
    own_redis.freeze()
    began = time.monotonic()
    for _ in range(50):
        with pytest.raises(UnavailableError):
            counters.take([claim], 1, MONTH)
    assert time.monotonic() - began < 3
    own_redis.thaw()
    deadline = time.monotonic() + 20
    while True:
        try:
            assert counters.take([claim], 1, MONTH).refused is None
            break
        except UnavailableError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    own_redis.kill()
    with pytest.raises(UnavailableError, match="redis does not answer"):
        counters.take([claim], 1, MONTH)
