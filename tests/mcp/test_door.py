"""The door over HTTP: who may knock, and the real client through a real gateway."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.server.mcpserver import MCPServer
from tests.mcp.conftest import ATTACK

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.door import DoorLimits, McpDoor
from aidefence.domain.access import GRANTS, Caller, Credentials, Role
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.service.gate import Gate
from aidefence.service.services import Services
from mcp import Client, MCPError

HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
}
DETECT = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "detect", "arguments": {"content": ATTACK}},
}


def _identify(credentials: Credentials) -> Caller:
    roles = {it.value: it for it in Role}
    if credentials.key not in roles:
        raise UnauthenticatedError("no such key")
    role = roles[credentials.key]
    return Caller(f"key-{role.value}", role, GRANTS[role])


@pytest.fixture
async def asked(server: MCPServer[Any], services: Services) -> AsyncIterator[httpx.AsyncClient]:
    guarded = replace(services, gate=Gate(_identify))
    limits = DoorLimits(body_bytes_max=100_000, body_seconds_max=0.2, concurrent_max=2)
    door = McpDoor(server, guarded, limits)
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://gate", headers=HEADERS
    ) as client:
        yield client
    await door.close()


def _result(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    text = response.text
    if response.headers["content-type"].startswith("text/event-stream"):
        text = next(it[6:] for it in text.splitlines() if it.startswith("data: {"))
    told: dict[str, Any] = json.loads(text)
    return told


@pytest.mark.anyio
async def test_roles(asked: httpx.AsyncClient) -> None:
    for role in Role:
        response = await asked.post("/mcp", json=DETECT, headers={"x-api-key": role.value})
        if role is Role.VIEWER:
            assert response.status_code == 403
            assert response.json()["error"]["code"] == Code.FORBIDDEN
        else:
            assert _result(response)["result"]["structuredContent"]["action"] == "block"
    for headers in ({}, {"x-api-key": "nobody"}, {"authorization": "Bearer nobody"}):
        response = await asked.post("/mcp", json=DETECT, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.anyio
async def test_resources_take_a_permission_of_their_own(asked: httpx.AsyncClient) -> None:
    read = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "resources/read",
        "params": {"uri": "aidefence://rules"},
    }
    denied = _result(await asked.post("/mcp", json=read, headers={"x-api-key": "service"}))
    assert denied["error"]["code"] == Code.FORBIDDEN
    given = _result(await asked.post("/mcp", json=read, headers={"x-api-key": "analyst"}))
    assert given["result"]["contents"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://[::1]:3000", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://gate", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
async def test_pages_of_strangers_may_not_ask(
    asked: httpx.AsyncClient, origin: str, status: int
) -> None:
    headers = {"x-api-key": "admin", "origin": origin}
    assert (await asked.post("/mcp", json=DETECT, headers=headers)).status_code == status


@pytest.mark.anyio
async def test_only_post_and_only_so_much(asked: httpx.AsyncClient) -> None:
    for method in ("GET", "DELETE", "PUT"):
        response = await asked.request(method, "/mcp", headers={"x-api-key": "admin"})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    huge = await asked.post("/mcp", content=b"x" * 100_001, headers={"x-api-key": "admin"})
    assert huge.status_code == 413
    broken = await asked.post("/mcp", content=b"{", headers={"x-api-key": "admin"})
    assert broken.status_code == 400
    assert broken.json()["error"]["code"] == Code.PARSE

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep(30)

    dripping = await asked.post("/mcp", content=slow(), headers={"x-api-key": "admin"})
    assert dripping.status_code == 408


@pytest.mark.anyio
async def test_more_than_so_many_at_once_are_refused(asked: httpx.AsyncClient) -> None:
    statuses: list[int] = []

    async def ask() -> None:
        text = "The museum opens at nine. " * 3_000
        call = {**DETECT, "params": {"name": "detect", "arguments": {"content": text}}}
        response = await asked.post("/mcp", json=call, headers={"x-api-key": "admin"})
        statuses.append(response.status_code)
        if response.status_code == 503:
            assert int(response.headers["retry-after"]) >= 1

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(ask)
    assert set(statuses) == {200, 503}
    assert (await asked.post("/mcp", json=DETECT, headers={"x-api-key": "admin"})).is_success


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = _free_port()
    state: Path = tmp_path_factory.mktemp("state")
    options = [f"server.port={port}", "server.workers=2", f"state_dir={state}", "mcp.enabled=true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "aidefence.delivery.cli", "serve"]
        + [word for it in options for word in ("--set", it)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield f"{address}/mcp"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_real_client_through_two_workers(gateway: str, mode: Any) -> None:
    seen = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    async def one() -> None:
        async with Client(gateway, mode=mode) as client:
            assert {it.name for it in (await client.list_tools()).tools} >= {"detect", "redact"}
            for _ in range(5):
                result = await client.call_tool("detect", {"content": ATTACK})
                assert result.structured_content["action"] == "block"
            text = "The museum opens at nine. " * 4_000
            await client.call_tool("detect", {"content": text}, progress_callback=progressed)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(one)
    assert len(seen) == 6


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_real_client_over_standard_streams(tmp_path: Path, mode: Any) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "aidefence.delivery.cli", "mcp"],
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(tmp_path)},
    )
    with anyio.fail_after(60):
        async with Client(command, mode=mode) as client:
            assert client.server_info is not None
            assert client.server_info.name == "aidefence"
            result = await client.call_tool("detect", {"content": ATTACK})
            assert result.structured_content["action"] == "block"
            with pytest.raises(MCPError):
                await client.read_resource("aidefence://nothing")


def test_a_wrong_setting_is_told_before_anything_is_served(tmp_path: Path) -> None:
    config = tmp_path / "aidefence.toml"
    config.write_text('profile = "relaxed"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "aidefence.delivery.cli", "mcp", "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "profile" in done.stderr
    assert done.stdout == ""
