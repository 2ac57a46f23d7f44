"""The engine itself, called from Rust: no Python in the loop."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench.payloads import Payload
from bench.record import ROOT, Outcome

_RULES = "src/aidefence/rules"
_MODEL = ROOT / "src/aidefence/models/tier1.aidm"
_RUNS = 5
_SECONDS = "3"


def measure(payload: Payload, size_bytes: int, count: int) -> Outcome:
    """Run the engine's own program over the texts, several times; report the median run."""
    build = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "aidefence-engine"]
    subprocess.run([*build, "--example", "throughput"], cwd=ROOT, check=True)
    model = str(_MODEL) if _MODEL.exists() else "-"
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        texts.write_text("".join(map(_line, payload.texts(size_bytes, count))), "utf-8")
        program = str(ROOT / "target/release/examples/throughput")
        command = [program, _RULES, model, str(texts), _SECONDS]
        runs = [
            json.loads(subprocess.check_output(command, cwd=ROOT, text=True)) for _ in range(_RUNS)
        ]
    flagged = runs[0]["flagged"]
    if not 0 < flagged < count:
        raise AssertionError(f"the engine flagged {flagged} of {count} texts of the mix")
    return Outcome(
        payload=f"{payload.name}, {count} texts of {runs[0]['bytes_mean']:.0f} bytes (mean)",
        repetitions=_RUNS,
        results={
            "per_second": _median(runs, "per_second_mean"),
            "mb_per_second": _median(runs, "mb_per_second"),
            "p50_ns": _median(runs, "single_p50_ns"),
            "p99_ns": _median(runs, "single_p99_ns"),
            "build_ms": _median(runs, "build_ms"),
            "flagged_share": round(flagged / count, 4),
            "model": _MODEL.exists(),
        },
    )


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ") + "\n"
