"""More than can be answered in time: who is served, who is refused, and how fast."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.served import Served, serving

from aidefence.app.keys import open_keys
from aidefence.app.settings import Sources
from aidefence.domain.access import LOCAL
from aidefence.service.keys import KeyWish

LONG = "Please read this ordinary sentence about the garden once more. " * 6000
CONFIG = """
deep = "off"
deadline_ms = 20000
[overload]
slow_requests_max = 1
waiting_requests_max = 2
[server]
body_seconds_max = 1
header_seconds_max = 1
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("overload"), CONFIG) as served:
        yield served


def ask(gateway: Served, priority: str, **headers: str) -> httpx.Response:
    body = {"content": LONG, "options": {"priority": priority}}
    return httpx.post(f"{gateway.url}/api/v2/detect", json=body, headers=headers, timeout=60)


def test_low_priority_is_refused_first(gateway: Served) -> None:
    asked = ["low"] * 12 + ["critical"] * 2
    with ThreadPoolExecutor(len(asked)) as pool:
        for _ in range(3):
            answers = list(pool.map(lambda priority: ask(gateway, priority), asked))
            refused = Counter(
                priority
                for priority, answer in zip(asked, answers, strict=True)
                if answer.status_code == 503
            )
            assert refused["low"] > 0
            assert refused["critical"] == 0
            for answer in answers:
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert answer.json()["type"] == "/problems/overloaded"
                else:
                    assert answer.status_code == 200


def test_short_texts_are_answered_meanwhile(gateway: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        flood = [pool.submit(ask, gateway, "low") for _ in range(8)]
        assert {gateway.detect()["action"] for _ in range(20)} == {"block"}
        for it in flood:
            assert it.result().status_code in {200, 503}


def test_a_client_may_ask_for_less_time(gateway: Served) -> None:
    answer = ask(gateway, "critical", **{"x-deadline-ms": "1"})
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/deadline"
    wrong = ask(gateway, "low", **{"x-deadline-ms": "soon"})
    assert wrong.status_code == 400
    assert "x-deadline-ms" in wrong.json()["detail"]


HEAD = b"POST /api/v2/detect HTTP/1.1\r\nhost: x\r\n"
BODY = b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{"


@pytest.mark.parametrize("begun", [HEAD, HEAD + BODY])
def test_whoever_sends_slowly_is_hung_up_on_and_others_are_served(
    gateway: Served, begun: bytes
) -> None:
    slow = [socket.create_connection(("127.0.0.1", gateway.port), 20) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(begun)
        assert gateway.detect()["action"] == "block"
        told = Counter(connection.recv(12) for connection in slow)
        assert set(told) <= {b"HTTP/1.1 408", b""}
    finally:
        for connection in slow:
            connection.close()


def test_one_key_does_not_take_all_seats(tmp_path: Path) -> None:
    config = CONFIG.replace("waiting_requests_max = 2", "slow_requests_of_one_max = 1")
    keys = open_keys(Sources(None, {"state_dir": tmp_path / "state"}, uses_environment=False))
    greedy, modest = (keys.create(LOCAL, KeyWish(name)).text for name in ("greedy", "modest"))
    with serving(tmp_path, config) as served, ThreadPoolExecutor(9) as pool:
        flood = [pool.submit(ask, served, "low", **{"x-api-key": greedy}) for _ in range(8)]
        answers = Counter(it.result().status_code for it in flood)
        assert set(answers) == {200, 429}
        assert ask(served, "low", **{"x-api-key": modest}).status_code == 200
        assert ask(served, "low", **{"x-api-key": greedy}).status_code == 200
