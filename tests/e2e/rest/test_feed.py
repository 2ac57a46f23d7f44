"""The feed and jobs in a gateway with two workers: whoever decided, everybody hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.served import ATTACK, Served, serving, wait_until
from websockets.sync.client import connect

FEED = "/api/v2/threats/feed"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    with serving(folder, 'deep = "off"\ndense = "off"\n', workers=2) as served:
        yield served


def _follow(gateway: Served, cursor: int, count: int, **filters: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    with connect(f"ws://127.0.0.1:{gateway.port}{FEED}") as line:
        line.send(json.dumps({"type": "subscribe", "cursor": cursor, "filters": filters}))
        assert json.loads(line.recv(20))["type"] == "subscribed"
        while len(told) < count:
            message = json.loads(line.recv(30))
            if message["type"] == "threat":
                told.append(message)
    return told


def test_who_comes_back_with_a_cursor_misses_nothing(gateway: Served) -> None:
    first = [gateway.detect(f"{ATTACK} {at}")["requestId"] for at in range(3)]
    told = _follow(gateway, 0, 3)
    assert {it["data"]["id"] for it in told} == set(first)
    cursors = [it["cursor"] for it in told]
    assert cursors == sorted(cursors)
    later = [gateway.detect(f"{ATTACK} again {at}")["requestId"] for at in range(2)]
    gateway.detect("Please summarise the meeting notes.")
    told = _follow(gateway, cursors[-1], 2, severityMin="low")
    assert {it["data"]["id"] for it in told} == set(later)
    assert ATTACK not in json.dumps(told)


def test_a_filter_that_is_none_ends_the_connection(gateway: Served) -> None:
    with connect(f"ws://127.0.0.1:{gateway.port}{FEED}") as line:
        line.send(json.dumps({"filters": {"categories": ["moon"]}}))
        with pytest.raises(Exception, match="1008") as ended:
            line.recv(20)
    assert "categories" in str(ended.value)


def test_a_job_is_done_by_whichever_worker_is_free(gateway: Served) -> None:
    body = {"content": ATTACK, "options": {"async": True}}
    answer = httpx.post(f"{gateway.url}/api/v2/detect", json=body, timeout=20)
    assert answer.status_code == 202
    place = f"{gateway.url}{answer.headers['location']}"
    wait_until(lambda: httpx.get(place, timeout=20).json()["status"] == "done", "a job", 30)
    assert httpx.get(place, timeout=20).json()["result"]["verdict"] == "attack"
