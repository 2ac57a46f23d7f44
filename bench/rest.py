"""The REST door over the loopback: one server core, one core for the load."""

from __future__ import annotations

import http.client
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
from pathlib import Path
from typing import Any, Self

from bench.payloads import EVERYDAY
from bench.record import Outcome

_RUNS = 5
_SECONDS = 8
_CONNECTIONS = (1, 16, 64)
_TEXTS = 512
SETTINGS = "aidefence.toml"
_PATH = "/api/v2/detect"

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


class Gateway:
    """A gateway of our own on a free port, with a memory of its own, without the deep model."""

    def __init__(
        self,
        *cores: int,
        workers: int = 1,
        key: str | None = None,
        folder: Path | None = None,
        dense: bool = True,
    ) -> None:
        """`folder` holds its memory and settings, if there are any; `key` is what is shown."""
        self.key = key
        self._own = None if folder else tempfile.TemporaryDirectory()
        folder = folder or Path(self._own.name if self._own else "")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        command = [sys.executable, "-m", "aidefence.delivery.cli", "serve", "--no-deep"]
        command += ["--port", str(self.port), "--workers", str(workers)]
        command += [] if dense else ["--no-dense"]
        if (folder / SETTINGS).exists():
            command += ["--config", str(folder / SETTINGS)]
        where = ",".join(map(str, cores))
        self._process = subprocess.Popen(
            ["taskset", "-c", where, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "AIDEFENCE_LOG__LEVEL": "error",
                "AIDEFENCE_STATE_DIR": str(folder / "state"),
            },
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError("the gateway ended at once")
            try:
                if self.get("/readyz")[0] == http.client.OK:
                    return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the gateway did not become ready")

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        if self._own:
            self._own.cleanup()

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body."""
        return self._ask("GET", path, None)

    def detect(self, text: str) -> tuple[int, dict[str, Any]]:
        """Return status and answer for one text."""
        status, body = self._ask("POST", _PATH, json.dumps(request_body(text)))
        return status, json.loads(body)

    def resident_kib(self) -> dict[str, int]:
        """Return resident memory of the process that serves, and of all its processes together.

        The one that serves is the largest: it alone holds the engine and the models. Together
        their shares are added up: what several have in common counts once.
        """
        family = [self._process.pid, *_children(self._process.pid)]
        return {
            "serving_process": max(_rollup_kib(pid, "Rss") for pid in family),
            "all_processes": sum(_rollup_kib(pid, "Pss") for pid in family),
            "processes": len(family),
        }

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": "application/json"} if body else {}
        if self.key is not None:
            headers["X-API-Key"] = self.key
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data


def measure(size_bytes: int) -> Outcome:
    """Load a gateway of tiers 0 and 1 with wrk, keep-alive, at several numbers of connections."""
    if shutil.which("wrk") is None:
        raise RuntimeError("needs wrk: apt-get install wrk")
    server_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    texts = EVERYDAY.texts(size_bytes, _TEXTS)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Gateway(server_core, dense=False) as gateway:
        bodies, script = Path(folder, "bodies"), Path(folder, "load.lua")
        lines = [json.dumps(request_body(text)) for text in texts]
        bodies.write_text("\n".join(lines), "utf-8")
        script.write_text(_SCRIPT, "utf-8")
        _check(gateway, texts)
        for connections in _CONNECTIONS:
            runs = [_run_wrk(gateway, script, bodies, load_core, connections) for _ in range(_RUNS)]
            for key in runs[0]:
                median = statistics.median(run[key] for run in runs)
                results[f"c{connections}_{key}"] = round(median, 1)
    best = max(_CONNECTIONS, key=lambda c: results[f"c{c}_per_second"])
    results |= {"per_second": results[f"c{best}_per_second"], "connections": best}
    results |= {"p50_us": results[f"c{best}_p50_us"], "p99_us": results[f"c{best}_p99_us"]}
    size = statistics.mean(len(text.encode()) for text in texts)
    payload = f"{EVERYDAY.name}, {_TEXTS} texts of {size:.0f} bytes (mean) in JSON, keep-alive, wrk"
    return Outcome(payload=payload, repetitions=_RUNS, results=results)


def request_body(text: str) -> dict[str, str]:
    """Return the smallest request of the contract."""
    return {"content": text, "contentType": "text"}


def _check(gateway: Gateway, texts: list[str]) -> None:
    """Refuse to time wrong answers."""
    answers = [gateway.detect(text) for text in texts[:100]]
    if any(status != http.client.OK for status, _ in answers):
        raise AssertionError("the gateway refused a request of the mix")
    detected = sum(body["threat"]["detected"] for _, body in answers)
    if not 0 < detected < len(answers):
        raise AssertionError(f"the gateway detected {detected} of {len(answers)} texts")


def _run_wrk(
    gateway: Gateway, script: Path, bodies: Path, core: int, connections: int
) -> dict[str, float]:
    load = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "--latency", "-s", str(script)]
    done = subprocess.run(
        ["taskset", "-c", str(core), *load, f"http://127.0.0.1:{gateway.port}{_PATH}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIDEFENCE_BENCH_BODIES": str(bodies)},
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise AssertionError(done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None:
        raise AssertionError(done.stdout)
    return {
        "per_second": float(rate.group(1)),
        "p50_us": quantile_us(done.stdout, 50),
        "p99_us": quantile_us(done.stdout, 99),
    }


def quantile_us(report: str, percent: int) -> float:
    """Read a quantile of the latency out of what wrk says."""
    found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s)$", report, re.MULTILINE)
    if found is None:
        raise AssertionError(report)
    return float(found.group(1)) * {"us": 1.0, "ms": 1e3, "s": 1e6}[found.group(2)]


def _children(pid: int) -> list[int]:
    direct: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        direct += map(int, (task / "children").read_text().split())
    return direct + [grandchild for child in direct for grandchild in _children(child)]


def _rollup_kib(pid: int, key: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise RuntimeError(f"the kernel does not tell `{key}` of a process")
