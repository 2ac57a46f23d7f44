"""The doors that speak gRPC and GraphQL over the loopback: one core serves, one asks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

import grpc
import numpy as np

from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from bench.payloads import EVERYDAY
from bench.record import Outcome

_TEXTS = 512
_RUNS = 3
_SECONDS = 3.0
_CALLERS = 16
_CHUNK = 100
_STREAMS = 4
_AWAY = 8
_DETECT = "/aidefence.v2.Detection/Detect"
_STREAM = "/aidefence.v2.Detection/DetectStream"
_QUERY = """
mutation($c: JSON!) {
  detect(request: { content: $c }) {
    requestId detected action enforced
    threat { category confidence severity findings { ruleId score span { start end } } }
  }
}
"""
_SCRIPT = """
local bodies = {}
for line in io.lines(os.getenv("AIDEFENCE_BENCH_BODIES")) do bodies[#bodies + 1] = line end
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
"""


def measure() -> Outcome:
    """Ask as fast as answers come: calls, streams of one text a message and of many, GraphQL."""
    if shutil.which("wrk") is None:
        raise RuntimeError("needs wrk: apt-get install wrk")
    cores = sorted(os.sched_getaffinity(0))[:2]
    texts = EVERYDAY.texts(100, _TEXTS)
    with tempfile.TemporaryDirectory() as folder, _Gateway(cores[0], Path(folder)) as gateway:
        os.sched_setaffinity(0, cores[1:])
        try:
            results = asyncio.run(_grpc(f"127.0.0.1:{gateway.grpc_port}", texts))
            results |= _graphql(gateway.port, texts, Path(folder))
        finally:
            os.sched_setaffinity(0, cores)
    size = statistics.mean(len(text.encode()) for text in texts)
    payload = (
        f"{EVERYDAY.name}, {_TEXTS} texts of {size:.0f} bytes (mean), tiers 0 to 2; gRPC by a "
        f"Python client on one core, {_CALLERS} calls or {_STREAMS} streams at once; GraphQL by wrk"
    )
    return Outcome(payload=payload, repetitions=_RUNS, results=results)


class _Gateway:
    """A gateway with both doors open, bound to one core, with a state of its own."""

    def __init__(self, core: int, folder: Path) -> None:
        self.port, self.grpc_port = _free_ports(2)
        opened = (f"grpc.port={self.grpc_port}", "grpc.enabled=true", "graphql.enabled=true")
        command = [sys.executable, "-m", "aidefence.delivery.cli", "serve", "--no-deep"]
        command += ["--port", str(self.port), *(it for one in opened for it in ("--set", one))]
        self._process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "AIDEFENCE_STATE_DIR": str(folder / "state")},
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError("the gateway ended at once")
            if self._is_ready():
                return self
            time.sleep(0.05)
        raise RuntimeError("the gateway did not become ready")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as answer:
                answer.read()
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


async def _grpc(address: str, texts: Sequence[str]) -> dict[str, float]:
    results: dict[str, float] = {}
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.wait_for(channel.channel_ready(), 30)
        await _check(channel, texts)
        runs = [await _calls(channel, texts) for _ in range(_RUNS)]
        for name in runs[0]:
            results[name] = round(statistics.median(run[name] for run in runs), 1)
        for name, chunk in (("stream_texts_per_second", 1), ("packed_texts_per_second", _CHUNK)):
            rates = [await _streams(channel, texts, chunk) for _ in range(_RUNS)]
            results[name] = round(statistics.median(rates), 1)
    return results


async def _check(channel: grpc.aio.Channel, texts: Sequence[str]) -> None:
    """Refuse to time wrong answers."""
    call = channel.unary_unary(_DETECT, response_deserializer=pb.DetectResponse.FromString)
    told = [await call(pb.DetectRequest(text=it).SerializeToString()) for it in texts[:100]]
    detected = sum(it.threat.detected for it in told)
    if not 0 < detected < len(told):
        raise AssertionError(f"the gateway detected {detected} of {len(told)} texts")


async def _calls(channel: grpc.aio.Channel, texts: Sequence[str]) -> dict[str, float]:
    call = channel.unary_unary(_DETECT)
    bodies = [pb.DetectRequest(text=it).SerializeToString() for it in texts]
    taken: list[int] = []
    end = time.monotonic() + _SECONDS

    async def ask(at: int) -> None:
        while time.monotonic() < end:
            begun = time.perf_counter_ns()
            await call(bodies[at % _TEXTS])
            taken.append(time.perf_counter_ns() - begun)
            at += 1

    begun = time.monotonic()
    await asyncio.gather(*(ask(at * 7) for at in range(_CALLERS)))
    p50, p99 = np.percentile(taken, (50, 99)) / 1e3
    rate = len(taken) / (time.monotonic() - begun)
    return {"calls_per_second": rate, "call_p50_us": float(p50), "call_p99_us": float(p99)}


async def _streams(channel: grpc.aio.Channel, texts: Sequence[str], chunk: int) -> float:
    requests = [pb.DetectRequest(text=it) for it in texts]
    bodies = [
        pb.StreamRequest(requests=(requests[at:] + requests[:at])[:chunk]).SerializeToString()
        for at in range(0, _TEXTS, max(1, chunk // 4))
    ]
    end = time.monotonic() + _SECONDS

    async def talk() -> int:
        # So many messages may be on their way: what waits in windows of HTTP/2 is not timed.
        away = asyncio.Semaphore(_AWAY)

        async def say() -> AsyncIterator[bytes]:
            at = 0
            while time.monotonic() < end:
                await away.acquire()
                yield bodies[at % len(bodies)]
                at += 1

        answered = 0
        async for _ in channel.stream_stream(_STREAM)(say()):
            answered += chunk
            away.release()
        return answered

    begun = time.monotonic()
    answered = sum(await asyncio.gather(*(talk() for _ in range(_STREAMS))))
    return answered / (time.monotonic() - begun)


def _graphql(port: int, texts: Sequence[str], folder: Path) -> dict[str, Any]:
    bodies, script = folder / "bodies", folder / "load.lua"
    lines = [json.dumps({"query": _QUERY, "variables": {"c": text}}) for text in texts]
    bodies.write_text("\n".join(lines), "utf-8")
    script.write_text(_SCRIPT, "utf-8")
    load = ["wrk", "-t1", f"-c{_CALLERS}", f"-d{_SECONDS:.0f}s", "--latency", "-s", str(script)]
    rates = []
    for _ in range(_RUNS):
        done = subprocess.run(
            [*load, f"http://127.0.0.1:{port}/graphql"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "AIDEFENCE_BENCH_BODIES": str(bodies)},
        )
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise AssertionError(done.stdout)
        rates.append(float(rate.group(1)))
    return {"graphql_per_second": round(statistics.median(rates), 1)}


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
