"""What a gateway leans on is taken away under load: every door goes on as policy says, in time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
import pytest
from tests import deep_model
from tests.access.conftest import RedisServer, start_redis
from tests.grpc_door import DETECTION
from tests.served import Served, free_port, serving, wait_until
from tests.servers import PostgresServer, start_postgres
from tests.upstream import Asked, Reply, Upstream, told

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb

_PLAIN = "Please summarise the meeting notes from Tuesday in three sentences."
_ALARM, _BROKEN = f"{_PLAIN} alarm", f"{_PLAIN} broken"
_DEADLINE_SECONDS = 3.0
# A machine that has other things to do answers later; nothing may take much longer than this.
_LATEST_SECONDS = _DEADLINE_SECONDS + 5
_LOAD_SECONDS = 1.5
_MCP = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
_GRAPHQL = "mutation($r: DetectInput!) { detect(request: $r) { action degraded { check } } }"
_CONFIG = """
on_error = "block"
dense = "off"
deep = "required"
deep_dir = "{deep}"
deadline_ms = 3000
redis_url = "{redis}"
[limits.address]
per_second = 1000000
burst = 1000000
[store]
url = "{store}"
[graphql]
enabled = true
[grpc]
enabled = true
port = {grpc}
[mcp]
enabled = true
[compat]
enabled = true
[proxy]
enabled = true
[proxy.upstreams.model]
base_url = "{model}"
key = "none"
"""


@dataclass
class _Doors:
    """One question at each door; gives the status and all that is said."""

    gateway: Served
    grpc_port: int
    slow: list[tuple[str, float]] = field(default_factory=list)

    def all(self) -> dict[str, Callable[[str], tuple[int, str]]]:
        return {
            "rest": lambda text: self._post("/api/v2/detect", {"content": text}),
            "batch": lambda text: self._post(
                "/api/v2/detect/batch", {"requests": [{"content": text}]}
            ),
            "graphql": lambda text: self._post(
                "/graphql", {"query": _GRAPHQL, "variables": {"r": {"content": text}}}
            ),
            "grpc": self._grpc,
            "mcp": lambda text: self._post("/mcp", _call(text), _MCP),
            "compat": lambda text: self._post("/v1/moderations", {"input": text}),
            "proxy": lambda text: self._post("/v1/chat/completions", _chat(text)),
        }

    def ask(self, name: str, text: str) -> tuple[int, str]:
        began = time.monotonic()
        answer = self.all()[name](text)
        took = time.monotonic() - began
        if took > _LATEST_SECONDS:
            self.slow.append((name, took))
        return answer

    def _post(
        self, path: str, body: object, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        answer = httpx.post(f"{self.gateway.url}{path}", json=body, headers=headers, timeout=60)
        return answer.status_code, answer.text + json.dumps(dict(answer.headers))

    def _grpc(self, text: str) -> tuple[int, str]:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            call = channel.unary_unary(
                f"{DETECTION}Detect",
                request_serializer=pb.DetectRequest.SerializeToString,
                response_deserializer=pb.DetectResponse.FromString,
            )
            answer: pb.DetectResponse = call(pb.DetectRequest(text=text), timeout=60)
            degraded = [it.check for it in answer.degraded]
            return 200, f"{pb.Action.Name(answer.action).lower()} {degraded}"


def _call(text: str) -> dict[str, object]:
    asked = {"name": "detect", "arguments": {"content": text}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}


def _chat(text: str) -> dict[str, object]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


def _says(_: Asked) -> Reply:
    message = {"role": "assistant", "content": "The notes are about the museum."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return told({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]})


@contextmanager
def _load(doors: _Doors) -> Iterator[list[tuple[str, int, str]]]:
    """Ask at every door, over and over, until the end of the block."""
    stop, answers = threading.Event(), list[tuple[str, int, str]]()

    def ask(name: str) -> None:
        while not stop.is_set():
            answers.append((name, *doors.ask(name, _ALARM)))

    with ThreadPoolExecutor(len(doors.all())) as pool:
        running = [pool.submit(ask, name) for name in doors.all()]
        try:
            time.sleep(_LOAD_SECONDS)
            yield answers
            time.sleep(_LOAD_SECONDS)
        finally:
            stop.set()
        for it in running:
            it.result(60)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = start_redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = start_postgres()
    yield server
    server.stop()


def test_every_door_goes_on_when_what_it_leans_on_is_gone(
    tmp_path: Path, redis: RedisServer, postgres: PostgresServer
) -> None:
    for name in ("onnx", "onnxruntime", "tokenizers", "redis", "psycopg"):
        pytest.importorskip(name)
    deep = deep_model.write(tmp_path / "deep")
    port, store = free_port(), postgres.new_database()
    with Upstream() as model:
        model.answer = _says
        config = _CONFIG.format(deep=deep, redis=redis.url, store=store, grpc=port, model=model.url)
        _migrate(tmp_path, store)
        with serving(tmp_path, config, workers=2) as gateway:
            doors = _Doors(gateway, port)
            _deep_fails(doors)
            _redis_goes(doors, redis)
            _postgres_goes(doors, postgres)
            model.answer = lambda _: Reply([b""], status=500)
    with _upstream_gone(tmp_path, config) as doors:
        status, said = doors.ask("proxy", _PLAIN)
        assert status in {502, 503}, said
        assert doors.ask("rest", _ALARM)[0] == 200


def _migrate(folder: Path, store: str) -> None:
    command = [sys.executable, "-m", "aidefence.delivery.cli", "db", "upgrade"]
    told = {"AIDEFENCE_STATE_DIR": str(folder / "state"), "AIDEFENCE_STORE__URL": store}
    subprocess.run(command, check=True, env=os.environ | told, stdout=subprocess.DEVNULL)


def _deep_fails(doors: _Doors) -> None:
    """A text that the deep model cannot read is blocked at every door, and most say why."""
    for name in doors.all():
        status, said = doors.ask(name, _BROKEN)
        assert status == 200, (name, said)
        if name != "compat":
            assert {"block", "refusal"} & set(re.findall(r"[a-z]+", said.lower())), (name, said)
        if name not in {"compat", "proxy"}:
            assert "tier3.encoder" in said, (name, said)


def _redis_goes(doors: _Doors, redis: RedisServer) -> None:
    """Limits are counted by this machine alone: every answer comes, and says so where it can."""
    with _load(doors) as answers:
        redis.freeze()
        time.sleep(_LOAD_SECONDS)
        redis.thaw()
        redis.kill()
    _all_answered(answers, doors)
    for name in ("rest", "batch", "graphql", "grpc"):
        assert "limits.shared" in doors.ask(name, _PLAIN)[1], name


def _postgres_goes(doors: _Doors, postgres: PostgresServer) -> None:
    """Decisions go to the journal; what must be in the store at once is refused."""
    with _load(doors) as answers:
        postgres.kill()
    _all_answered(answers, doors)
    said = json.loads(doors.ask("rest", _ALARM)[1].partition("}{")[0] + "}")
    word = {"requestId": said["requestId"], "groundTruth": "attack"}
    refused = httpx.post(f"{doors.gateway.url}/api/v2/feedback", json=word, timeout=60)
    assert refused.status_code == 503, refused.text
    postgres.start()

    def taken() -> bool:
        answer = httpx.post(f"{doors.gateway.url}/api/v2/feedback", json=word, timeout=60)
        return answer.status_code == 200

    wait_until(taken, "a store that takes feedback again", 60)


def _all_answered(answers: list[tuple[str, int, str]], doors: _Doors) -> None:
    assert {name for name, _, _ in answers} == set(doors.all())
    assert [(it[0], it[1], it[2][:300]) for it in answers if it[1] != 200] == []
    assert doors.slow == []


@contextmanager
def _upstream_gone(folder: Path, config: str) -> Iterator[_Doors]:
    """A gateway in front of a model server that has ended, without the stores that are gone."""
    alone = "\n".join(it for it in config.splitlines() if not it.startswith(("redis_url", "url")))
    port = free_port()
    place = folder / "alone"
    place.mkdir()
    lines = [f"port = {port}" if it.startswith("port") else it for it in alone.splitlines()]
    with serving(place, "\n".join(lines)) as gateway:
        yield _Doors(gateway, port)
