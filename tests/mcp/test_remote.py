"""The proxy before servers behind an address: the official kit's, ours, and none at all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp.client.stdio import StdioServerParameters
from mcp.types import ElicitResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.frames import write
from aidefence.delivery.mcp.proxy.lines import Oversized
from aidefence.delivery.mcp.proxy.remote import Remote
from mcp import Client, MCPError

JSON = "application/json"
SHOP = Path(__file__).parent / "servers" / "shop.py"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    port = _free_port()
    process = subprocess.Popen([sys.executable, str(SHOP), str(port)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        for _ in range(600):
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _before(url: str, *options: str) -> StdioServerParameters:
    arguments = ["-m", "aidefence.delivery.cli", "mcp", "proxy", "--no-deep", "--url", url]
    return StdioServerParameters(
        command=sys.executable, args=[*arguments, *options], env=dict(os.environ)
    )


async def _elicited(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 -- a hook
    return ElicitResult(action="accept", content={"name": "Mia"})


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_whole_session_with_a_server_behind_an_address(shop: str, mode: Any) -> None:
    seen: list[float] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert (total, message) == (5, "working")
        seen.append(progress)

    with anyio.fail_after(90):
        async with Client(_before(shop), mode=mode, elicitation_callback=_elicited) as client:
            assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
            assert len((await client.list_tools()).tools) == 7
            cost = await client.call_tool("price", {"item": "soup"})
            assert cost.content[0].text == "soup costs 12 euros"  # type: ignore[union-attr]
            with pytest.raises(MCPError) as stopped:
                await client.call_tool("reviews", {"item": "rooms"})
            assert stopped.value.error.code == Code.BLOCKED
            await client.call_tool("slow", {"seconds": 0.5}, progress_callback=progressed)
            assert seen == [0, 1, 2, 3, 4]
            with anyio.move_on_after(0.3) as waited:
                await client.call_tool("slow", {"seconds": 30})
            assert waited.cancelled_caught
            if mode == "legacy":
                asked = await client.call_tool("ask_person", {})
                assert asked.content[0].text == "hello Mia"  # type: ignore[union-attr]
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(client.call_tool, "price", {"item": "tea"})


@pytest.mark.anyio
async def test_an_address_where_nobody_is(shop: str) -> None:
    nowhere = f"http://127.0.0.1:{_free_port()}/mcp"
    for url in (nowhere, shop.replace("/mcp", "/elsewhere")):
        with anyio.fail_after(60):
            with pytest.raises(Exception) as failed:  # noqa: PT011 -- the kit wraps it in groups
                async with Client(_before(url), mode="legacy"):
                    raise AssertionError("nobody is there")
            assert "out of reach" in _told(failed.value)


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return str(error) + "".join(_told(it) for it in inner)


async def _answer(request: Request) -> Response:
    asked = await request.json()
    if asked["method"] == "redirect":
        return RedirectResponse("http://127.0.0.1:9/elsewhere", 307)
    if asked["method"] == "flood":
        return Response(b'{"jsonrpc":"2.0","id":1,"result":"' + b"x" * 300_000, media_type=JSON)
    if asked["method"] == "split":
        whole = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"a": 1}}, indent=1)
        lines = "".join(f"data: {it}\r\n" for it in whole.split("\n"))
        return Response(f": hello\r\nevent: message\r\n{lines}\r\n", media_type="text/event-stream")
    if asked["method"] == "status":
        return Response("busy", 503)
    return Response(status_code=202)


@pytest.mark.anyio
async def test_odd_answers_of_an_address() -> None:
    app = Starlette(routes=[Route("/mcp", _answer, methods=["POST"])])
    remote = Remote("http://shop/mcp", {"x-key": "k"}, 100_000, 5)
    await remote._client.aclose()
    remote._client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
    heard = remote.lines()

    async def ask(method: str) -> Any:
        await remote.send(write({"jsonrpc": "2.0", "id": 1, "method": method}))
        with anyio.fail_after(10):
            return await anext(heard)

    assert json.loads(await ask("split")) == {"jsonrpc": "2.0", "id": 1, "result": {"a": 1}}
    for method, told in (("status", "503"), ("redirect", "307")):
        refused = json.loads(await ask(method))["error"]
        assert refused["code"] == Code.UNAVAILABLE
        assert told in refused["message"]
    flooded = await ask("flood")
    assert isinstance(flooded, Oversized)
    assert len(flooded.beginning) <= 4_096
    await remote.send(write({"jsonrpc": "2.0", "method": "notifications/x"}))
    assert await remote.close() == ""
