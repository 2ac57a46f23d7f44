"""Who works, who waits, and who goes when more come than there are seats."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from aidefence.domain.asking import Priority
from aidefence.domain.refusals import DeadlineError, OverloadedError
from aidefence.service.seats import Seats

SECOND = 1_000_000_000
now = time.perf_counter_ns


def later(seconds: float = 30.0) -> int:
    return now() + int(seconds * SECOND)


async def take_all(seats: Seats, *asked: Priority) -> list[str]:
    """Ask one after another while a seat is taken; tell how each fared, in the order of turns."""
    told: list[str] = []

    async def one(number: int, priority: Priority) -> None:
        try:
            leave = await seats.take(priority, later())
        except OverloadedError as error:
            told.append(f"{number} refused{'' if error.retry_after_ms >= 100 else ' at once'}")
        else:
            told.append(f"{number} {priority.value}")
            leave()

    leave = await seats.take(Priority.LOW, later())
    tasks = []
    for number, priority in enumerate(asked):
        tasks.append(asyncio.create_task(one(number, priority)))
        await asyncio.sleep(0)
    leave()
    await asyncio.gather(*tasks)
    return told


def test_the_urgent_go_first_and_equals_in_order() -> None:
    asked = (Priority.LOW, Priority.MEDIUM, Priority.CRITICAL, Priority.MEDIUM, Priority.HIGH)
    told = asyncio.run(take_all(Seats(1, 10, now), *asked))
    assert told == ["2 critical", "4 high", "1 medium", "3 medium", "0 low"]


def test_where_too_many_wait_the_least_urgent_that_came_last_goes() -> None:
    asked = (Priority.LOW, Priority.LOW, Priority.HIGH, Priority.LOW, Priority.CRITICAL)
    told = asyncio.run(take_all(Seats(1, 2, now), *asked))
    assert told == ["3 refused", "1 refused", "0 refused", "4 critical", "2 high"]


def test_nobody_waits_where_nobody_may() -> None:
    assert asyncio.run(take_all(Seats(1, 0, now), Priority.CRITICAL)) == ["0 refused"]


def test_whoever_gives_up_leaves_no_gap() -> None:
    async def run() -> None:
        seats = Seats(1, 10, now)
        leave = await seats.take(Priority.MEDIUM, later())
        with pytest.raises(DeadlineError):
            await seats.take(Priority.CRITICAL, later(0.01))
        gone = asyncio.create_task(seats.take(Priority.CRITICAL, later()))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        waits = asyncio.create_task(seats.take(Priority.LOW, later()))
        await asyncio.sleep(0)
        leave()
        (await waits)()
        (await seats.take(Priority.LOW, now()))()
        assert seats.waiting == 0

    asyncio.run(run())


def test_threads_and_loops_share_the_seats_and_none_is_lost() -> None:
    seats, most = Seats(3, 1000, now), 0
    working, lock = 0, threading.Lock()

    def work() -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        time.sleep(0.0005)
        with lock:
            working -= 1

    def thread(number: int) -> None:
        for _ in range(20):
            try:
                # Some give up at the very moment that their turn comes.
                with seats.taken(Priority.MEDIUM, later(0.001 if number % 3 == 0 else 30)):
                    work()
            except DeadlineError:
                pass

    async def loop() -> None:
        async def one(number: int) -> None:
            try:
                leave = await seats.take(Priority.HIGH, later(0.002 if number % 2 else 30))
            except DeadlineError:
                return
            await asyncio.to_thread(work)
            leave()

        await asyncio.gather(*(one(number) for number in range(100)))

    with ThreadPoolExecutor(12) as pool:
        threads = [pool.submit(thread, number) for number in range(12)]
        asyncio.run(loop())
        for it in threads:
            it.result()
    assert most == 3
    assert seats.waiting == 0
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(seats.taken(Priority.LOW, now()))
        with pytest.raises(DeadlineError), seats.taken(Priority.LOW, now()):
            pass
