from aidefence.adapters.system import RandomIds, SystemClock


def test_ids_do_not_repeat() -> None:
    ids = RandomIds()
    assert len({ids.request_id() for _ in range(1000)}) == 1000
    assert ids.batch_id().startswith("bat_")


def test_clock() -> None:
    clock = SystemClock()
    assert clock.monotonic_ns() <= clock.monotonic_ns()
    assert clock.now_ms() > 1_700_000_000_000
