"""Tier 3 over the wire: tiers, timings, versions, and an event loop that is not held up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests import deep_model

from aidefence.app.gateway import make_app
from aidefence.app.settings import Settings

PLAIN = "Please summarise the meeting notes from Tuesday in three sentences."
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    for name in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(name)
    folder: Path = deep_model.write(tmp_path_factory.mktemp("deep"))
    app = make_app(
        Settings.model_validate({"dense": "off", "deep": "required", "deep_dir": folder})
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def send(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
                return await (client.post(path, json=body) if body else client.get(path))

        answer = anyio.run(run)
        told: dict[str, Any] = {"text": answer.text} if path == "/metrics" else answer.json()
        return told

    return send


@pytest.mark.parametrize(
    "content", [f"{PLAIN} alarm", [{"role": "user", "content": f"{PLAIN} alarm"}]]
)
def test_an_answer_says_that_tier_3_ran(ask: Ask, content: object) -> None:
    answer = ask("/api/v2/detect", {"content": content})
    assert answer["action"] == "block"
    assert answer["tiers"] == [0, 1, 3]
    assert [it["step"] for it in answer["timings"]] == ["engine", "tier3"]
    assert all(it["microseconds"] > 0 for it in answer["timings"])
    assert answer["degraded"] == []
    assert answer["metadata"]["detectorVersions"]["deep"].startswith("tiny-")
    assert "model.encoder" in {it["ruleId"] for it in answer["threat"]["findings"]}


def test_a_failure_is_degraded(ask: Ask) -> None:
    answer = ask("/api/v2/detect", {"content": f"{PLAIN} broken"})
    assert answer["tiers"] == [0, 1]
    assert [it["check"] for it in answer["degraded"]] == ["tier3.encoder"]


def test_a_batch_says_it_for_each(ask: Ask) -> None:
    texts = [PLAIN, f"{PLAIN} alarm", f"{PLAIN} broken"]
    body = {"requests": [{"content": text} for text in texts]}
    results = ask("/api/v2/detect/batch", body)["results"]
    assert [it["action"] for it in results] == ["allow", "block", "allow"]
    assert [it["tiers"] for it in results] == [[0, 1, 3], [0, 1, 3], [0, 1]]
    assert [len(it["degraded"]) for it in results] == [0, 0, 1]


def test_a_request_is_counted_once(ask: Ask) -> None:
    def count() -> float:
        lines = ask("/metrics")["text"].splitlines()
        told = next(it for it in lines if it.startswith("aidefence_inspect_seconds_count"))
        return float(told.split()[1])

    before = count()
    ask("/api/v2/detect", {"content": f"{PLAIN} alarm"})
    assert count() == before + 1
    assert ask("/readyz")["degraded"] == []


@pytest.mark.parametrize(("door", "action"), [("rest", "block"), ("grpc", "allow")])
def test_a_door_may_have_a_word_of_its_own_on_failed_checks(
    tmp_path: Path, door: str, action: str
) -> None:
    for name in ("onnx", "onnxruntime", "tokenizers"):
        pytest.importorskip(name)
    given = {"deep": "required", "deep_dir": deep_model.write(tmp_path), "state_dir": tmp_path}
    app = make_app(
        Settings.model_validate({"dense": "off", "on_error_at": {door: "block"}, **given})
    )

    async def run() -> list[dict[str, Any]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            body = {"content": f"{PLAIN} broken"}
            one = await client.post("/api/v2/detect", json=body)
            many = await client.post("/api/v2/detect/batch", json={"requests": [body]})
            return [one.json(), many.json()["results"][0]]

    for told in anyio.run(run):
        assert told["action"] == action
        assert [it["check"] for it in told["degraded"]] == ["tier3.encoder"]
