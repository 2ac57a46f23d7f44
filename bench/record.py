"""A measurement on paper: what, where, on which machine, of which commit, and how it compares."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidefence.delivery.cli.machine import Machine

ROOT = Path(__file__).parent.parent
RECORDS = Path(__file__).parent / "records"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a result must reach."""

    metric: str
    limit: float
    unit: str
    at_least: bool

    def met(self, results: dict[str, Any]) -> bool:
        """Return whether the results reach it; a missing metric does not."""
        value = results.get(self.metric)
        if not isinstance(value, int | float):
            return False
        return value >= self.limit if self.at_least else value < self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '<'} {self.limit:,g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one measuring run hands back."""

    payload: str
    repetitions: int
    results: dict[str, Any] = field(default_factory=dict)


def write_record(name: str, what: str, place: str, bars: tuple[Bar, ...], out: Outcome) -> Path:
    """Write the record of a run and return its path."""
    record = {
        "name": name,
        "what": what,
        "place": place,
        "payload": out.payload,
        "repetitions": out.repetitions,
        "machine": Machine.here().as_object(),
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "results": out.results,
        "bars": [
            {"metric": bar.metric, "bar": str(bar), "met": bar.met(out.results)} for bar in bars
        ],
    }
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def read_records() -> dict[str, dict[str, Any]]:
    """Return all committed records by name."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RECORDS.glob("*.json"))
    }


def commit() -> str:
    """Return the commit that is measured, marked when files differ from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    # Records and their table change while measuring; everything else must be committed.
    changed = _git("status", "--porcelain", "--", ".", ":!bench/records", ":!bench/README.md")
    return f"{head}+changes" if changed else head


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"
