"""Clients that are slow, endless or too large: they wait, the others are served."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import httpx
import pytest
from tests.served import Served, serving, wait_until

PATH = "/api/v2/detect"
BATCH = "/api/v2/detect/batch"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    config = 'deep = "off"\ndense = "off"\n[server]\nbody_bytes_max = 200000\n'
    config += "incoming_bytes_max = 2000000\n"
    with serving(folder, config) as served:
        yield served


def _connect(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=20)


def test_who_sends_half_a_request_holds_up_nobody(gateway: Served) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    lines = [_connect(gateway) for _ in range(100)]
    try:
        for at, line in enumerate(lines):
            half = head if at % 2 else f'{head}content-length: 1000\r\n\r\n{{"content"'
            line.sendall(half.encode())
        for _ in range(20):
            answer = httpx.post(f"{gateway.url}{PATH}", json={"content": "hi"}, timeout=10)
            assert answer.status_code == 200
    finally:
        for line in lines:
            line.close()


def test_as_many_as_come_hold_up_nobody_by_saying_nothing(gateway: Served) -> None:
    lines = [_connect(gateway) for _ in range(1500)]
    try:
        for at, line in enumerate(lines):
            line.sendall((b"", b"POST /api/v2/detect HTTP/1.1\r\nhost: x\r\n")[at % 2])
        # Sooner than the time that each of them has for its headers.
        answer = httpx.post(f"{gateway.url}{PATH}", json={"content": "hi"}, timeout=5)
        assert answer.status_code == 200
    finally:
        for line in lines:
            line.close()


def test_slow_bodies_fill_no_memory_together(gateway: Served) -> None:
    """The configuration of this module allows ten of them at once, and thirty come."""
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    part = b'{"content": "' + b"x" * 180_000
    lines = [_connect(gateway) for _ in range(30)]
    refused = 0
    try:
        for line in lines:
            line.sendall(f"{head}content-length: 199000\r\n\r\n".encode() + part)
        for line in lines:
            line.settimeout(0.2)
            with suppress(TimeoutError):
                told = line.recv(2000)
                assert b" 503 " in told
                assert b"retry-after: 1" in told.lower()
                refused += 1
        assert 15 <= refused <= 25
        # What is whole at once is not refused.
        answer = httpx.post(f"{gateway.url}{PATH}", json={"content": "hi"}, timeout=10)
        assert answer.status_code == 200
    finally:
        for line in lines:
            line.close()
    # And the room is there again.
    long = "An ordinary sentence about the garden. " * 4000

    def served() -> bool:
        return httpx.post(f"{gateway.url}{PATH}", json={"content": long}).status_code == 200

    wait_until(served, "room for bodies")


def test_a_body_that_says_it_is_too_long_is_not_waited_for(gateway: Served) -> None:
    with _connect(gateway) as line:
        line.sendall(
            f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"content-length: {1 << 40}\r\n\r\n{{".encode()
        )
        assert b" 413 " in line.recv(1000)


def test_a_body_without_end_is_cut_off(gateway: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"content": "'
        while True:
            yield b"x" * 10_000

    try:
        answer = httpx.post(
            f"{gateway.url}{PATH}",
            content=endless(),
            headers={"content-type": "application/json"},
            timeout=20,
        )
    except httpx.TransportError:
        # The answer went out, and the connection with it, while more was being sent.
        pass
    else:
        assert answer.status_code == 413
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def _resident_kib(served: Served) -> int:
    status = Path(f"/proc/{served.workers()[0].pid}/status").read_text()
    line = next(it for it in status.splitlines() if it.startswith("VmRSS"))
    return int(line.split()[1])


def test_lines_without_end_are_answered_with_little_memory(gateway: Served) -> None:
    line = json.dumps({"content": "Please summarise the meeting notes. " * 20}).encode() + b"\n"
    count, read = 20_000, 0
    before = _resident_kib(gateway)
    grown = 0
    with _connect(gateway) as connection:
        head = f"POST {BATCH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
        head += f"connection: close\r\ncontent-length: {len(line) * count}\r\n\r\n"
        connection.sendall(head.encode())

        def send() -> None:
            for _ in range(count // 100):
                connection.sendall(line * 100)

        sender = Thread(target=send)
        sender.start()
        while piece := connection.recv(1 << 16):
            read += piece.count(b'"requestId"')
            if read % 1000 < 10:
                # Of the process that serves; what is kept besides, another process takes over.
                grown = max(grown, _resident_kib(gateway) - before)
        sender.join()
    assert read >= count * 0.999
    assert grown < 100_000


def test_who_sends_lines_and_reads_nothing_is_not_read_from(gateway: Served) -> None:
    line = json.dumps({"content": "Please summarise the meeting notes."}).encode() + b"\n"
    with _connect(gateway) as connection:
        head = f"POST {BATCH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n"
        connection.sendall(f"{head}content-length: {1 << 34}\r\n\r\n".encode())
        connection.settimeout(3)
        sent = 0
        try:
            while sent < 1 << 30:
                sent += connection.send(line * 500)
        except TimeoutError:
            pass
        assert sent < 1 << 28
        answer = httpx.post(f"{gateway.url}{PATH}", json={"content": "hi"}, timeout=10)
        assert answer.status_code == 200
