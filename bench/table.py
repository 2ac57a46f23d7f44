"""Write the records as one readable page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.definitions import DEFINITIONS
from bench.record import RECORDS, read_records

README = RECORDS.parent / "README.md"

_HEAD = """\
# Measured numbers

Written by `python -m bench table` from `bench/records`: do not edit. Measure again with
`make bench`, or some of it with `.venv/bin/python -m bench run NAME…`; `python -m bench list` names
them all. Each runs in a process of its own, bound to the cores it may use, and checks the answers
it times.

The payload `mixed-1` is made of our own sentences (src/aidefence/service/benchmark_texts.py):
ordinary texts in more than twenty languages, one in five with an attack in it, cut to the size
named.
"""

# What a reader looks for first, in this order; the rest stands in the record.
_SHOWN = (
    *("per_second", "mb_per_second", "p50_ns", "p99_ns", "p50_us", "p99_us", "connections"),
    *("mb_per_second_min", "slowest", "ratio_max", "steepest", "import_ms", "guard_ms"),
    *("serving_mib", "all_processes_mib", "wheel_mb"),
    *("auc", "recall_at_1_fpr", "recall_at_5_fpr", "recall", "fpr", "f1"),
)


def write_table() -> Path:
    """Write the page and return its path."""
    README.write_text(render(read_records()), "utf-8")
    return README


def render(records: dict[str, dict[str, Any]]) -> str:
    """Return the page for some records."""
    lines = [_HEAD, "| what | place and payload | measured | bar | met |", "|---|---|---|---|---|"]
    lines += [_row(records[one.name]) for one in DEFINITIONS if one.name in records]
    lines += ["", "## Machines", ""]
    for machine in dict.fromkeys(_machine(record) for record in records.values()):
        names = [name for name, record in records.items() if _machine(record) == machine]
        lines.append(f"- {machine}: {', '.join(names)}")
    lines += ["", "Commit and date of each are in its record.", ""]
    return "\n".join(lines)


def _row(record: dict[str, Any]) -> str:
    results = record["results"]
    shown = ", ".join(f"{key} {_number(results[key])}" for key in _SHOWN if key in results)
    bars = "<br>".join(f"{bar['metric']} {bar['bar']}" for bar in record["bars"])
    met = "<br>".join("yes" if bar["met"] else "**no**" for bar in record["bars"])
    place = f"{record['place']}; {record['payload']}; {record['repetitions']} repetitions"
    cells = (record["what"], place, shown, bars, met)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(value: object) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:g}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _machine(record: dict[str, Any]) -> str:
    machine = record["machine"]
    name = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_mib']:,} MiB"
    return f"{name}, {machine['system']}, {machine['python']}"
