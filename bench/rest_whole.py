"""The gateway as it is run: two workers, keys, limits, journal, counts and audit all on."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.payloads import EVERYDAY
from bench.record import Outcome
from bench.rest import SETTINGS, Gateway, quantile_us, request_body

_RUNS = 5
_SECONDS = 8
_WORKERS = 2
_CONNECTIONS = 64
_BATCH = 1000
_BATCHES = 8
_BATCH_CONNECTIONS = 4
# Limits that are counted and never reached.
_CONFIG = """
dense = "{dense}"
[auth]
required = true
[limits.key]
per_second = 1000000
burst = 10000000
"""
_SCRIPT = """
local bodies = {}
for name in string.gmatch(os.getenv("AIDEFENCE_BENCH_BODIES"), "[^:]+") do
  local file = io.open(name, "rb")
  bodies[#bodies + 1] = file:read("*a")
  file:close()
end
local at, pause = 0, tonumber(os.getenv("AIDEFENCE_BENCH_PAUSE_MS"))
wrk.method = "POST"
wrk.headers["Content-Type"] = os.getenv("AIDEFENCE_BENCH_TYPE")
wrk.headers["X-API-Key"] = os.getenv("AIDEFENCE_BENCH_KEY")
request = function()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
if pause > 0 then
  delay = function() return pause end
end
"""


def measure_detect() -> Outcome:
    """Load it fully with single requests, then with half of that."""
    bodies = [json.dumps(request_body(text)) for text in EVERYDAY.texts(100, 512)]
    with _serving("auto", bodies) as load:
        runs = [load("/api/v2/detect", _CONNECTIONS, 0) for _ in range(_RUNS)]
        per_second = statistics.median(run["per_second"] for run in runs)
        # Each connection asks again after a pause, so that all together ask half as often.
        pause_ms = round(_CONNECTIONS / (per_second / 2) * 1000)
        half = [load("/api/v2/detect", _CONNECTIONS, pause_ms) for _ in range(_RUNS)]
    results = {"per_second": round(per_second), **_latencies("full", runs)}
    results |= _latencies("half", half)
    results["half_per_second"] = round(statistics.median(run["per_second"] for run in half))
    payload = f"{EVERYDAY.name}, 512 texts of 100 bytes in JSON, keep-alive, wrk"
    return Outcome(payload=payload, repetitions=_RUNS, results=results)


def measure_batch(dense: str = "off", *, lines: bool = False) -> Outcome:
    """Load it with batches of a thousand texts, in one document or in lines."""
    texts = EVERYDAY.texts(100, _BATCH * _BATCHES)
    asked = [json.dumps({"content": text}) for text in texts]
    parts = [asked[at : at + _BATCH] for at in range(0, len(asked), _BATCH)]
    if lines:
        bodies, media = ["\n".join(part) for part in parts], "application/x-ndjson"
    else:
        bodies = [f'{{"requests":[{",".join(part)}]}}' for part in parts]
        media = "application/json"
    with _serving(dense, bodies, media) as load:
        runs = [load("/api/v2/detect/batch", _BATCH_CONNECTIONS, 0) for _ in range(_RUNS)]
    per_second = statistics.median(run["per_second"] for run in runs)
    results = {
        "per_second": round(per_second * _BATCH),
        "per_second_worst": round(min(run["per_second"] for run in runs) * _BATCH),
        "per_second_best": round(max(run["per_second"] for run in runs) * _BATCH),
        **_latencies("batch", runs),
    }
    shape = "lines" if lines else "one document"
    payload = f"{EVERYDAY.name}, {_BATCH} texts of 100 bytes in {shape}, keep-alive, wrk"
    return Outcome(payload=payload, repetitions=_RUNS, results=results)


_Load = Callable[[str, int, int], dict[str, float]]


@contextmanager
def _serving(dense: str, bodies: Sequence[str], media: str = "application/json") -> Iterator[_Load]:
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / SETTINGS).write_text(_CONFIG.format(dense=dense), "utf-8")
        key = _make_key(folder)
        files = [folder / f"body-{at}" for at in range(len(bodies))]
        for file, body in zip(files, bodies, strict=True):
            file.write_text(body, "utf-8")
        (folder / "load.lua").write_text(_SCRIPT, "utf-8")
        env = {
            **os.environ,
            "AIDEFENCE_BENCH_BODIES": ":".join(map(str, files)),
            "AIDEFENCE_BENCH_TYPE": media,
            "AIDEFENCE_BENCH_KEY": key,
        }
        with Gateway(*cores, workers=_WORKERS, key=key, folder=folder) as gateway:
            _check(gateway)

            def load(path: str, connections: int, pause_ms: int) -> dict[str, float]:
                url = f"http://127.0.0.1:{gateway.port}{path}"
                script = str(folder / "load.lua")
                command = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "--latency"]
                return _run_wrk(
                    [*command, "-s", script, url],
                    {**env, "AIDEFENCE_BENCH_PAUSE_MS": str(pause_ms)},
                )

            yield load


def _make_key(folder: Path) -> str:
    command = [sys.executable, "-m", "aidefence.delivery.cli", "keys", "create", "bench"]
    done = subprocess.run(
        [*command, "--config", str(folder / SETTINGS)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(folder / "state")},
    )
    return done.stdout.split()[-1]


def _check(gateway: Gateway) -> None:
    """Refuse to time wrong answers, and a door that is open to all."""
    texts = EVERYDAY.texts(100, 100)
    answers = [gateway.detect(text) for text in texts]
    if any(status != 200 for status, _ in answers):
        raise AssertionError("the gateway refused a request of the mix")
    detected = sum(body["threat"]["detected"] for _, body in answers)
    if not 0 < detected < len(answers):
        raise AssertionError(f"the gateway detected {detected} of {len(answers)} texts")
    key, gateway.key = gateway.key, None
    if gateway.detect(texts[0])[0] != 401:
        raise AssertionError("the gateway answers whoever asks")
    gateway.key = key


def _run_wrk(command: Sequence[str], env: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
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


def _latencies(name: str, runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {
        f"{name}_{key}": round(statistics.median(run[key] for run in runs), 1)
        for key in ("p50_us", "p99_us")
    }
