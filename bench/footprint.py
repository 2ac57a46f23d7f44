"""What the package weighs: import time, memory of the serving process, wheel."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from aidefence.service.benchmark_texts import MIX_NAME, mixed_texts
from bench.record import ROOT, Outcome
from bench.rest import Gateway

_PROCESSES = 21
_REQUESTS = 3000
_REST_SECONDS = 8
_DEEP = "tier3."
_IMPORT = """
import time
started = time.perf_counter()
from aidefence import Guard
imported = time.perf_counter()
guard = Guard()
built = time.perf_counter()
guard.inspect("hello")
print((imported - started) * 1e3, (built - imported) * 1e3)
"""


def measure_import() -> Outcome:
    """Import and build in fresh processes, one after another."""
    runs = [
        [float(part) for part in subprocess.check_output([sys.executable, "-c", _IMPORT]).split()]
        for _ in range(_PROCESSES + 1)
    ][1:]
    imports, builds = zip(*runs, strict=True)
    return Outcome(
        payload="`from aidefence import Guard` in a fresh interpreter; then `Guard()`",
        repetitions=_PROCESSES,
        results={
            "import_ms": round(statistics.median(imports), 1),
            "import_ms_worst": round(max(imports), 1),
            "guard_ms": round(statistics.median(builds), 1),
            "guard_ms_worst": round(max(builds), 1),
        },
    )


def measure_memory() -> Outcome:
    """Look at the gateway's resident memory after start, after requests of all sizes, and rested.

    The process that serves is told with all that it maps, shared or not (RSS); all processes
    together with what is shared counted once (PSS).
    """
    core = min(os.sched_getaffinity(0))
    with Gateway(core) as gateway:
        time.sleep(_REST_SECONDS)
        idle = gateway.resident_kib()
        for size in (100, 2_000, 20_000, 200_000):
            count = max(10, _REQUESTS * 100 // size)
            for text in mixed_texts(size, count):
                gateway.detect(text)
        worked = gateway.resident_kib()
        # What large texts needed is given back every few seconds.
        time.sleep(_REST_SECONDS)
        rested = gateway.resident_kib()
    return Outcome(
        payload=(
            f"{MIX_NAME}, texts of 100 B to 200 kB; after start, right after work, and "
            f"{_REST_SECONDS} s later; RSS of the process that serves, PSS of all together"
        ),
        repetitions=1,
        results={
            "serving_mib": round(rested["serving_process"] / 1024, 1),
            "serving_right_after_mib": round(worked["serving_process"] / 1024, 1),
            "serving_idle_mib": round(idle["serving_process"] / 1024, 1),
            "all_processes_pss_mib": round(rested["all_processes"] / 1024, 1),
            "processes": rested["processes"],
        },
    )


def measure_wheel() -> Outcome:
    """Build the wheel as `make wheel` does and weigh it."""
    maturin = Path(sys.executable).with_name("maturin")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [str(maturin), "build", "--release", "--locked", "--quiet", "--out", folder],
            cwd=ROOT,
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        size = wheel.stat().st_size
        with zipfile.ZipFile(wheel) as opened:
            deep = sum(
                part.compress_size
                for part in opened.infolist()
                if Path(part.filename).name.startswith(_DEEP)
            )
    return Outcome(
        payload=wheel.name,
        repetitions=1,
        results={
            "wheel_mb": round((size - deep) / 1e6, 2),
            "with_deep_model_mb": round(size / 1e6, 2),
        },
    )
