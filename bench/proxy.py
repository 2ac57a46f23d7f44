"""The door in front of models: what it adds to a call, and to the first word of a stream."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

from bench.record import Outcome

_PATH = "/v1/chat/completions"
_CALLS = 400
_STREAMS = 150
_ROUNDS = 5
_WARM = 50
_SAID = (
    "The museum opens at nine in the morning from Tuesday to Sunday, and stays closed on Monday."
)
_ASKED = "When does the museum open, and how do I get there from the station by bus?"
# Longer than what a stream may hold back, so that something goes out at once.
_FIRST = f"{_SAID} " * 4


class _Model(threading.Thread):
    """A model server that answers at once, on keep-alive connections."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as reader:
            while (length := _read_head(reader)) is not None:
                asked = json.loads(reader.read(length))
                connection.sendall(_STREAM_HEAD if asked.get("stream") else _WHOLE)
                if asked.get("stream"):
                    connection.sendall(_chunked(_event({"content": _FIRST})))
                    connection.sendall(_chunked(_event({}, "stop") + b"data: [DONE]\n\n"))
                    connection.sendall(b"0\r\n\r\n")


class _Gateway:
    """A gateway of our own in front of a model server."""

    def __init__(self, model: int, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        upstream = {"base_url": f"http://127.0.0.1:{model}", "key": "none"}
        settings = {
            "state_dir": str(folder / "state"),
            "deep": "off",
            "proxy": {"enabled": True, "upstreams": {"main": upstream}},
            "log": {"level": "error"},
        }
        path = folder / "aidefence.yaml"
        path.write_text(json.dumps(settings), "utf-8")
        command = [sys.executable, "-m", "aidefence.delivery.cli", "serve"]
        self._process = subprocess.Popen(
            [*command, "--config", str(path), "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError("the gateway ended at once")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == http.client.OK:
                    return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the gateway did not become ready")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)


def measure() -> Outcome:
    """Ask a model directly and through the gateway by turns; the difference is what it adds."""
    model = _Model()
    model.start()
    with tempfile.TemporaryDirectory() as folder, _Gateway(model.port, Path(folder)) as gateway:
        direct, through = _Client(model.port), _Client(gateway.port)
        for client in (direct, through):
            for _ in range(_WARM):
                client.call()
                client.stream()
        calls = [_by_turns(direct.call, through.call, _CALLS) for _ in range(_ROUNDS)]
        streams = [_by_turns(direct.stream, through.stream, _STREAMS) for _ in range(_ROUNDS)]
    model.stop()
    results = {
        "call_added_p50_us": _middle(calls, 0.5),
        "call_added_p95_us": _middle(calls, 0.95),
        "direct_p50_us": round(statistics.median(_quantile(it[0], 0.5) for it in calls)),
        "first_word_added_p50_us": _middle(streams, 0.5),
        "first_word_added_p95_us": _middle(streams, 0.95),
    }
    payload = (
        f"a chat of {len(_ASKED)} characters, an answer of {len(_SAID)}; streams whose first piece "
        f"has {len(_FIRST)} characters, so that it need not wait; {_CALLS} calls and {_STREAMS} "
        "streams, directly and through the gateway by turns, one client, keep-alive"
    )
    return Outcome(payload=payload, repetitions=_ROUNDS, results=results)


class _Client:
    """One client on one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self) -> int:
        """Return nanoseconds until the whole answer was there."""
        start = time.perf_counter_ns()
        said = json.loads(self._ask(stream=False).read())
        elapsed = time.perf_counter_ns() - start
        if said["choices"][0]["message"]["content"] != _SAID:
            raise AssertionError("another answer came than was given")
        return elapsed

    def stream(self) -> int:
        """Return nanoseconds until the first word was there."""
        start = time.perf_counter_ns()
        answer = self._ask(stream=True)
        first = 0
        said = ""
        while line := answer.readline():
            if line.startswith(b"data: {"):
                first = first or time.perf_counter_ns() - start
                said += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
        if said != _FIRST:
            raise AssertionError("another answer came than was given")
        return first

    def _ask(self, *, stream: bool) -> http.client.HTTPResponse:
        asked = {"model": "m", "messages": [{"role": "user", "content": _ASKED}], "stream": stream}
        headers = {"content-type": "application/json"}
        self._connection.request("POST", _PATH, json.dumps(asked), headers)
        return self._connection.getresponse()


def _by_turns(
    direct: Callable[[], int], through: Callable[[], int], count: int
) -> tuple[list[int], list[int]]:
    near: list[int] = []
    far: list[int] = []
    for _ in range(count):
        near.append(direct())
        far.append(through())
    return near, far


def _middle(rounds: list[tuple[list[int], list[int]]], share: float) -> int:
    """Give the median over the rounds of what is added at a quantile."""
    return round(
        statistics.median(_quantile(far, share) - _quantile(near, share) for near, far in rounds)
    )


def _quantile(times: list[int], share: float) -> float:
    return sorted(times)[int(len(times) * share)] / 1000


def _read_head(reader: BinaryIO) -> int | None:
    length = None
    try:
        while (line := reader.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
    except ConnectionResetError:
        return None
    return length


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


def _chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_ANSWER = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _SAID},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40},
    }
).encode()
_WHOLE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(_ANSWER)).encode()
    + b"\r\n\r\n"
    + _ANSWER
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
