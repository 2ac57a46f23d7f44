"""The life of a gateway: it starts, workers die and come back, it drains, it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.served import ATTACK, Served, serving, wait_until

from aidefence.ports.renewal import Phase

BODY = json.dumps({"content": ATTACK}).encode()
# Long enough for a machine that has other things to do.
DRAIN_SECONDS = 6
HEADERS = {"content-type": "application/json"}


def serving_pids(gateway: Served) -> set[int]:
    return {it.pid for it in gateway.workers() if it.phase is Phase.SERVING}


def kill_one(gateway: Served) -> None:
    victim = min(serving_pids(gateway))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in serving_pids(gateway), "the end of a worker")
    wait_until(lambda: len(serving_pids(gateway)) == 2, "a new worker")


def is_listening(gateway: Served) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", gateway.port)) == 0


def test_no_request_is_lost_when_it_stops(tmp_path: Path) -> None:
    """Readiness turns first; clients go elsewhere; whatever was taken by then is answered."""
    answered: list[int] = []
    broken: list[str] = []
    elsewhere = threading.Event()

    def client(port: int) -> None:
        while not elsewhere.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.request("POST", "/api/v2/detect", BODY, HEADERS)
                answered.append(connection.getresponse().status)
            except OSError as error:
                broken.append(repr(error))
            finally:
                connection.close()

    with serving(tmp_path, f"[server]\ndrain_seconds = {DRAIN_SECONDS}\n", workers=2) as gateway:
        pool = [threading.Thread(target=client, args=(gateway.port,)) for _ in range(8)]
        for thread in pool:
            thread.start()
        # Some more that are in the middle of sending a body when everything ends.
        slow = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(20)]
        for connection in slow:
            connection.sendall(
                b"POST /api/v2/detect HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n" % len(BODY)
            )
        wait_until(lambda: len(answered) > 100, "answers")
        gateway.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        wait_until(
            lambda: httpx.get(f"{gateway.url}/readyz").status_code == 503, "the turn of readyz"
        )
        assert httpx.get(f"{gateway.url}/readyz").json()["status"] == "draining"
        elsewhere.set()
        for thread in pool:
            thread.join()
        assert is_listening(gateway)
        wait_until(lambda: not is_listening(gateway), "the end of listening")
        assert time.monotonic() - began > DRAIN_SECONDS - 0.1
        for connection in slow:
            connection.sendall(BODY)
        assert [connection.recv(15) for connection in slow] == [b"HTTP/1.1 200 OK"] * len(slow)
        for connection in slow:
            connection.close()
    assert set(answered) == {200}
    assert broken == []
    assert list(gateway.places.run.glob("draining-*")) == []
    assert gateway.workers() == []


def test_a_second_signal_ends_the_drain(tmp_path: Path) -> None:
    with serving(tmp_path, "[server]\ndrain_seconds = 300\n") as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 503, "the drain")


def test_a_killed_worker_comes_back_and_the_others_go_on(tmp_path: Path) -> None:
    kills = 6
    failed: list[str] = []
    answers = count()
    stop = threading.Event()

    def client(port: int) -> None:
        while not stop.is_set():
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port}") as session:
                    for _ in range(20):
                        asked = session.post("/api/v2/detect", content=BODY, headers=HEADERS)
                        assert asked.status_code == 200
                        next(answers)
            except httpx.TransportError as error:
                # In work at the worker that was killed; never a connection that nobody takes.
                failed.append(type(error).__name__)

    with serving(tmp_path, workers=2) as gateway, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(client, gateway.port) for _ in range(4)]
        before = {it.pid for it in gateway.workers()}
        for _ in range(kills):
            kill_one(gateway)
        stop.set()
        for client_ended in running:
            client_ended.result()
        assert not before & {it.pid for it in gateway.workers()}
        assert gateway.told().count("worker died") == kills
    assert next(answers) > 100
    assert "ConnectError" not in failed
    # At most what was in work at the one that was killed.
    assert len(failed) <= 4 * kills


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    gateway = Served(tmp_path, "", "--workers", "2")
    try:
        gateway.wait_ready(2)
        gateway.process.kill()
        gateway.process.wait()
        wait_until(lambda: not gateway.workers(), "the end of the workers")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{gateway.url}/healthz")
    finally:
        for worker in gateway.workers():
            os.kill(worker.pid, signal.SIGKILL)


def test_it_says_when_it_cannot_keep_a_state(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    gateway = Served(tmp_path)
    assert gateway.process.wait(60) == 2
    assert "state_dir" in gateway.told()
    assert "Traceback" not in gateway.told()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_let_in_everybody_by_accident(tmp_path: Path, host: str) -> None:
    gateway = Served(tmp_path, "", "--host", host)
    assert gateway.process.wait(60) == 2
    assert f"others can reach `{host}`" in gateway.told()
    assert "--insecure" in gateway.told()


def test_it_does_when_told_to(tmp_path: Path) -> None:
    with serving(tmp_path, "", "--host", "0.0.0.0", "--insecure") as gateway:
        assert gateway.detect()["threat"]["detected"] is True
