"""The REST door itself, without a socket: what it says is what a client gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from aidefence.app.gateway import make_app
from aidefence.app.settings import ServerSettings, Settings

Ask = Callable[..., httpx.Response]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    limits = ServerSettings(
        body_bytes_max=100_000, content_code_points_max=20_000, batch_requests_max=5, node="n1"
    )
    return Settings(server=limits, state_dir=tmp_path)


@pytest.fixture
def ask(settings: Settings) -> Ask:
    return sender(settings)


def sender(settings: Settings) -> Ask:
    """Give what asks a door with these settings."""
    transport = httpx.ASGITransport(make_app(settings), raise_app_exceptions=False)

    def send(method: str, path: str, **options: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
                return await client.request(method, path, **options)

        return anyio.run(run)

    return send
