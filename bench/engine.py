"""The engine itself, called from Rust: no Python in the loop."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bench.payloads import Payload
from bench.record import ROOT, Outcome

_RULES = "src/aidefence/rules"
_MODEL = ROOT / "src/aidefence/models/tier1.aidm"
_RUNS = 5
_SECONDS = "3"
_TURNS = 9
# Rules for data, keys, payloads and what answers may do; what is left judges attacks on the model.
_CARRIED = (
    "pii",
    "secret",
    "sql_injection",
    "xss",
    "command_injection",
    "path_traversal",
    "malicious_url",
    "unsafe_output",
    "data_exfiltration",
    "canary_leak",
    "unbounded_consumption",
)
# What only they find.
_CARRYING = "4 union all select name, pin from staff\n"


def measure(payload: Payload, size_bytes: int, count: int) -> Outcome:
    """Run the engine's own program over the texts, several times; report the median run."""
    with tempfile.TemporaryDirectory() as folder:
        texts = _texts(folder, payload, size_bytes, count)
        runs = [_run(_RULES, texts) for _ in range(_RUNS)]
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


def measure_detectors(payload: Payload, size_bytes: int, count: int) -> Outcome:
    """Run the texts by turns with all rules and without those for what a conversation carries."""
    with tempfile.TemporaryDirectory() as folder:
        texts = _texts(folder, payload, size_bytes, count)
        alone = Path(folder) / "rules"
        shutil.copytree(ROOT / _RULES, alone, ignore=shutil.ignore_patterns(*_CARRIED))
        probe = Path(folder) / "probe"
        probe.write_text(_CARRYING, "utf-8")
        flagged = [_run(rules, probe, "0")["flagged"] for rules in (_RULES, str(alone))]
        if flagged != [1, 0]:
            raise AssertionError(f"with and without its rules, a payload was flagged {flagged}")
        turns = [(_run(_RULES, texts), _run(str(alone), texts)) for _ in range(_TURNS)]
    whole, without = ([turn[at] for turn in turns] for at in (0, 1))
    # Neighbours on the machine slow both of a turn.
    more = statistics.median(one["ns_mean"] / other["ns_mean"] - 1 for one, other in turns)
    return Outcome(
        payload=f"{payload.name}, {count} texts of {whole[0]['bytes_mean']:.0f} bytes (mean); "
        f"left out: {', '.join(_CARRIED)}",
        repetitions=_TURNS,
        results={
            "more_time": round(more, 4),
            "per_second": _median(whole, "per_second_mean"),
            "per_second_without": _median(without, "per_second_mean"),
            "flagged_share": round(whole[0]["flagged"] / count, 4),
            "flagged_share_without": round(without[0]["flagged"] / count, 4),
        },
    )


def _texts(folder: str, payload: Payload, size_bytes: int, count: int) -> Path:
    texts = Path(folder) / "texts"
    texts.write_text("".join(map(_line, payload.texts(size_bytes, count))), "utf-8")
    build = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "aidefence-engine"]
    subprocess.run([*build, "--example", "throughput"], cwd=ROOT, check=True)
    return texts


def _run(rules: str, texts: Path, seconds: str = _SECONDS) -> dict[str, Any]:
    model = str(_MODEL) if _MODEL.exists() else "-"
    program = str(ROOT / "target/release/examples/throughput")
    command = [program, rules, model, str(texts), seconds]
    run: dict[str, Any] = json.loads(subprocess.check_output(command, cwd=ROOT, text=True))
    return run


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ") + "\n"
