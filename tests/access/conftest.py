"""Real stores and a clock that the tests turn."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.migrating import ensure_current
from aidefence.app.gateway import make_app
from aidefence.app.settings import Settings


@dataclass
class TurnedClock:
    """A clock that stands still until somebody turns it."""

    ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ns(self) -> int:
        return self.ms * 1_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path)


def open_database(folder: Path) -> Database:
    database = Database.in_file(folder / "aidefence.db")
    ensure_current(database, folder / "lock")
    return database


def open_client(
    settings: Settings, base_url: str = "https://gate", peer: str = "192.0.2.1"
) -> TestClient:
    """Give a client of a gateway with all its parts, without a socket between them."""
    front = make_app(settings)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await front(scope, receive, send)

    return TestClient(app, base_url=base_url, client=(peer, 50_000))


@dataclass
class RedisServer:
    """A server of our own, which can be stopped in the middle or killed."""

    process: subprocess.Popen[bytes]
    url: str

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def start_redis(folder: Path) -> RedisServer:
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder))
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return RedisServer(process, f"redis://127.0.0.1:{port}/0")
    process.kill()
    pytest.fail("redis-server did not start")


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = start_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()
