"""Keys, limits and quotas of two workers: shared, known at once, and lost by nobody."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.access.conftest import start_redis
from tests.served import Served, serving, wait_until

from aidefence.app.keys import open_keys
from aidefence.app.settings import Sources
from aidefence.domain.access import LOCAL, Plan, Role
from aidefence.ports.renewal import Phase
from aidefence.service.keys import Keys, KeyWish

HELLO = {"content": "hello"}


def _keys(state: Path) -> Keys:
    return open_keys(Sources(None, {"state_dir": state}, uses_environment=False))


def _ask(gateway: Served, key: str) -> httpx.Response:
    # A connection of its own each time: both workers get some.
    headers = {"x-api-key": key}
    return httpx.post(f"{gateway.url}/api/v2/detect", json=HELLO, headers=headers, timeout=30)


def _statuses(gateway: Served, key: str, times: int) -> Counter[int]:
    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(lambda _: _ask(gateway, key).status_code, range(times)))


def test_a_key_opens_and_shuts_in_all_workers_within_a_second(tmp_path: Path) -> None:
    keys = _keys(tmp_path / "state")
    kept = keys.create(LOCAL, KeyWish("kept", Role.ADMIN)).text
    with serving(tmp_path, workers=2) as gateway:
        assert _statuses(gateway, kept, 16) == {200: 16}
        made = httpx.post(
            f"{gateway.url}/api/v2/keys", json={"name": "new"}, headers={"x-api-key": kept}
        ).json()
        time.sleep(1)
        assert _statuses(gateway, made["key"], 32) == {200: 32}
        keys.revoke(LOCAL, made["details"]["id"])
        time.sleep(1)
        assert _statuses(gateway, made["key"], 32) == {401: 32}
        assert _statuses(gateway, kept, 16) == {200: 16}


def test_limits_and_quotas_are_of_all_workers_and_outlive_them(tmp_path: Path) -> None:
    keys = _keys(tmp_path / "state")
    slow = keys.create(LOCAL, KeyWish("slow")).text
    free = keys.create(LOCAL, KeyWish("free", tenant="acme", plan=Plan.FREE)).text
    config = """
        [limits.key]
        per_second = 0.001
        burst = 60
        [limits.free]
        requests_per_month = 40
    """
    with serving(tmp_path, config, workers=2) as gateway:
        assert _statuses(gateway, slow, 40) == {200: 40}
        assert _statuses(gateway, free, 20) == {200: 20}
        victim = min(it.pid for it in gateway.workers() if it.phase is Phase.SERVING)
        os.kill(victim, signal.SIGKILL)
        wait_until(
            lambda: (
                sum(it.phase is Phase.SERVING for it in gateway.workers()) == 2
                and victim not in {it.pid for it in gateway.workers()}
            ),
            "a new worker",
        )
        assert _statuses(gateway, slow, 40) == {200: 20, 429: 20}
        assert _statuses(gateway, free, 10) == {200: 10}
        refused = _ask(gateway, slow)
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
        # What is remembered of the month is written within two seconds.
        time.sleep(3)
    for file in (tmp_path / "state" / "run").glob("limits*"):
        file.unlink()
    with serving(tmp_path, config, workers=2) as gateway:
        assert _statuses(gateway, slow, 10) == {200: 10}
        wait_until(lambda: "month" in _ask(gateway, free).text, "the quota")


def test_a_redis_that_dies_under_load_costs_nobody_an_answer(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    key = _keys(tmp_path / "state").create(LOCAL, KeyWish("x")).text
    config = f"""
        redis_url = "{server.url}"
        [limits.key]
        per_second = 1000
        burst = 100000
    """
    with serving(tmp_path, config, workers=2) as gateway, ThreadPoolExecutor(8) as pool:
        assert _ask(gateway, key).json()["degraded"] == []
        load = [pool.submit(_ask, gateway, key) for _ in range(200)]
        server.freeze()
        load += [pool.submit(_ask, gateway, key) for _ in range(200)]
        answers = [it.result(60) for it in load]
        assert {it.status_code for it in answers} == {200}
        checks = [{it["check"] for it in answer.json()["degraded"]} for answer in answers]
        assert {"limits.shared"} in checks
        began = time.monotonic()
        assert _ask(gateway, key).status_code == 200
        assert time.monotonic() - began < 10
        server.kill()
        assert _ask(gateway, key).json()["degraded"][0]["check"] == "limits.shared"


def test_a_redis_that_is_gone_shuts_the_gate_where_that_is_asked_for(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    config = f"""
        redis_url = "{server.url}"
        [limits]
        on_silence = "refuse"
        [limits.address]
        per_second = 1000
        burst = 1000
    """
    with serving(tmp_path, config, workers=1) as gateway:
        assert _ask(gateway, "").status_code == 200
        server.kill()
        refused = _ask(gateway, "")
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/unavailable"
