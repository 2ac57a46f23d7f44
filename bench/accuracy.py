"""How well the shipped detector tells attacks from ordinary texts, on development data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.record import Outcome

_VARIABLE = "AIDEFENCE_DATA"


def measure(split: str, task: str, *options: str) -> Outcome:
    """Run `aidefence eval` over one split of the data folder."""
    folder = os.environ.get(_VARIABLE)
    if not folder or not Path(folder, split).is_dir():
        raise RuntimeError(f"needs {_VARIABLE}: the folder that holds `{split}/*.jsonl`")
    files = sorted(str(file) for file in Path(folder, split).glob("*.jsonl"))
    command = [
        sys.executable,
        "-m",
        "aidefence.delivery.cli",
        "eval",
        *files,
        "--task",
        task,
        "--json",
        *options,
    ]
    result = json.loads(subprocess.check_output(command))
    overall = result["overall"]
    at = overall["recall_at_fpr"]
    counts = f"{overall['attacks']} attacks, {overall['benign']} benign"
    return Outcome(
        payload=f"{split} data, task {task}: {counts}",
        repetitions=1,
        results={
            "auc": round(overall["auc"]["value"], 4),
            "auc_low": round(overall["auc"]["low"], 4),
            "auc_high": round(overall["auc"]["high"], 4),
            "recall_at_1_fpr": round(at["0.01"]["recall"]["value"], 4),
            "recall_at_5_fpr": round(at["0.05"]["recall"]["value"], 4),
            "recall": round(overall["recall"]["value"], 4),
            "fpr": round(overall["fpr"]["value"], 4),
            "f1": round(overall["f1"], 4),
            "threshold": result["threshold"],
            "duplicates": result["duplicates"],
            "by_source": {name: _brief(group) for name, group in result["by"]["source"].items()},
            "by_category": {
                name: _brief(group) for name, group in result["by"]["category"].items()
            },
            "by_language": {
                name: _brief(group) for name, group in result["by"]["language"].items()
            },
        },
    )


def _brief(group: dict[str, Any]) -> dict[str, Any]:
    shares = {key: group[key]["value"] for key in ("recall", "fpr") if group[key]}
    brief: dict[str, Any] = {"n": group["n"], "attacks": group["attacks"]}
    brief |= {key: round(value, 4) for key, value in shares.items()}
    if group["auc"] is not None:
        brief["auc"] = round(group["auc"]["value"], 4)
    return brief
