"""A real gateway in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all that the gateway keeps."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def address(state: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway = subprocess.Popen(
        [sys.executable, "-m", "aidefence.delivery.cli", "serve", "--port", str(port)],
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                assert gateway.poll() is None, "the gateway ended"
                time.sleep(0.05)
        else:
            pytest.fail("the gateway did not become ready")
        yield url
    finally:
        gateway.send_signal(signal.SIGTERM)
        output, _ = gateway.communicate(timeout=30)
        assert gateway.returncode == 0, output.decode()
