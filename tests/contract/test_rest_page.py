"""The examples of docs/rest.md, run from the first to the last against one door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from aidefence.app.parts.store import Store, open_store
from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.rest.door import RestDoor

_BLOCK = re.compile(r"^```(http|json|ndjson|ws)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ANYTHING = "…"


@pytest.fixture
def door(tmp_path: Path) -> tuple[RestDoor, Store]:
    settings = Settings.model_validate({"state_dir": tmp_path, "deep": "off", "dense": "off"})
    return RestDoor(make_services(settings)), open_store(settings, lambda text: text)


def test_every_example_is_answered_as_the_page_says(
    root: Path, door: tuple[RestDoor, Store]
) -> None:
    asked, store = door
    names: dict[str, str] = {}
    answer = httpx.Response(200)
    blocks = _BLOCK.findall((root / "docs/rest.md").read_text("utf-8"))
    assert len(blocks) > 30
    for kind, text in blocks:
        if kind == "http":
            while store.folding.fold() or store.jobs.run_next(asked.job_handlers):
                pass
            answer = _send(asked, _filled(text, names))
        elif kind == "ws":
            while store.folding.fold():
                pass
            _talk(asked, "feed" if "subscribe" in text else "stream", text)
        else:
            told = [json.loads(line) for line in answer.text.splitlines()]
            lines = text.splitlines() if kind == "ndjson" else [text]
            assert len(told) == len(lines)
            for said, right in zip(told, lines, strict=True):
                _compare(said, json.loads(right), text)
            names |= {key: value for key, value in told[0].items() if key.endswith("Id")}


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _send(door: RestDoor, text: str) -> httpx.Response:
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    method, path = first.split(" ", 1)
    headers = dict(line.split(": ", 1) for line in lines)
    transport = httpx.ASGITransport(door)

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            return await client.request(method, path, headers=headers, content=body.encode())

    return anyio.run(run)


def _talk(door: RestDoor, name: str, text: str) -> None:
    path = "/api/v2/threats/feed" if name == "feed" else "/api/v2/detect/stream"
    scope: dict[str, Any] = {"type": "websocket", "path": path, "headers": []}
    scope |= {"query_string": b"", "subprotocols": []}
    asked = [line[2:] for line in text.splitlines() if line.startswith("> ")]
    right = [json.loads(line[2:]) for line in text.splitlines() if line.startswith("< ")]

    async def run() -> list[Any]:
        told: list[Any] = []
        enough = anyio.Event()
        frames: Iterator[dict[str, Any]] = iter(
            [{"type": "websocket.receive", "text": it} for it in asked]
        )
        opening = iter([{"type": "websocket.connect"}])

        async def receive() -> dict[str, Any]:
            message = next(opening, None) or next(frames, None)
            if message is None:
                await enough.wait()
                return {"type": "websocket.disconnect", "code": 1000}
            return message

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                told.append(json.loads(message["text"]))
                if len(told) >= len(right):
                    enough.set()

        with anyio.fail_after(30):
            await door(scope, receive, send)
        return told

    for said, expected in zip(anyio.run(run), right, strict=False):
        _compare(said, expected, text)


def _compare(said: Any, right: Any, where: str) -> None:
    """Hold an answer against the page, which leaves out what does not matter."""
    if right == _ANYTHING:
        return
    if isinstance(right, dict):
        assert isinstance(said, dict), where
        assert set(right) <= set(said), (where, said)
        for name, value in right.items():
            _compare(said[name], value, where)
    elif isinstance(right, list):
        assert isinstance(said, list), where
        assert len(said) == len(right), (where, said)
        for one, other in zip(said, right, strict=True):
            _compare(one, other, where)
    else:
        assert said == right, (where, said)
