"""Servers that tests start for themselves; without them tests are skipped, but never in CI."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_START_SECONDS = 60


def missing(program: str) -> None:
    """Skip a test that needs this program; in CI it must be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not installed")
    pytest.skip(f"{program} is not installed")


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class PostgresServer:
    """A cluster of our own, that can be frozen or killed under whoever uses it."""

    programs: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    made: int = 0

    def new_database(self, template: str = "template1") -> str:
        """Make a database as the template is, else an empty one; gives its URL."""
        self.made += 1
        name = f"aidefence_{self.made}"
        psql = [str(self.programs / "psql"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        create = f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2]}"
        subprocess.run([*psql, "-U", "postgres", "-c", create, "postgres"], check=True)
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def kill(self) -> None:
        """End it as a loss of power would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def start(self) -> None:
        """Start it, again if it was killed."""
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data")]
        # What it writes is lost with the machine, but not with its process.
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k", ""]
        options += ["-p", str(self.port)]
        self.process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=_user(),
        )
        wait_until(self._answers, "postgres did not start")

    def stop(self) -> None:
        """End it for good."""
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0


def start_postgres() -> PostgresServer:
    """Make a cluster in a folder of its own and start it."""
    programs = _postgres_programs()
    # Not among the folders of pytest: the server runs as somebody who may not look in there.
    folder = Path(tempfile.mkdtemp(prefix="aidefence-postgres-"))
    if (user := _user()) is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    subprocess.run(
        [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=_user(),
    )
    nobody = subprocess.Popen(["true"])
    nobody.wait()
    server = PostgresServer(programs, folder, free_port(), nobody)
    server.start()
    return server


def wait_until(
    happened: Callable[[], bool], otherwise: str, seconds: float = _START_SECONDS
) -> None:
    """Look again and again, until it happened or there is no more hope."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        time.sleep(0.02)


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named: Sequence[Path] = [Path(it).resolve() for it in [shutil.which("initdb")] if it]
    for program in (*found, *named):
        return program.parent
    missing("postgresql")
    raise AssertionError


def _user() -> int | None:
    # The server refuses to run as root.
    return pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else None
