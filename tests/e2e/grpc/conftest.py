"""A real server on a free port, and a real client in the same event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest
from tests.grpc_door import Client, Serve

from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.grpc.server import GrpcOptions, GrpcServer
from aidefence.delivery.http.contents import Limits
from aidefence.domain.enums import DeepMode
from aidefence.service.services import Services

LIMITS = Limits(body_bytes_max=200_000, content_code_points_max=20_000, batch_requests_max=20)
OPTIONS = GrpcOptions(port=0, message_bytes_max=LIMITS.body_bytes_max)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def one_loop(anyio_backend: str) -> AsyncIterator[str]:
    """Keep one event loop for a file: gRPC hands late events of a closed one to the next."""
    yield anyio_backend
    await asyncio.sleep(0.3)


@pytest.fixture(scope="session")
def services() -> Services:
    return make_services(Settings(deep=DeepMode.OFF))


@pytest.fixture
def serve(services: Services) -> Serve:
    @asynccontextmanager
    async def serving(options: GrpcOptions = OPTIONS, **changed: Any) -> AsyncIterator[Client]:
        server = GrpcServer(replace(services, **changed), LIMITS, options)
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield Client(server, channel)
        finally:
            await server.stop(0)

    return serving
