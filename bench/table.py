"""Write the records as one readable page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.definitions import DEFINITIONS
from bench.record import RECORDS, ROOT, read_records

README = RECORDS.parent / "README.md"
FRONT_PAGE = ROOT / "README.md"
_BEGIN = "<!-- bench:begin -->"
_END = "<!-- bench:end -->"
# What the front page shows, in this order.
_FRONT = (
    *(
        "engine-100",
        "engine-100-hard",
        "engine-2000",
        "engine-2000-hard",
        "batch-100",
    ),
    *("single-100", "single-100-dense", "cascade", "rest-100", "adversarial"),
    *("import", "memory", "wheel"),
    *("accuracy-dev", "accuracy-dev-fast", "languages", "disguise", "hidden"),
    *("pii", "secrets", "vault"),
)

_HEAD = """\
# Measured numbers

Written by `python -m bench table` from `bench/records`: do not edit. Measure again with
`make bench`, or some of it with `.venv/bin/python -m bench run NAME…`; `python -m bench list` names
them all. Each runs in a process of its own, bound to the cores it may use, and checks the answers
it times.

Three payloads, all of our own texts. `everyday-1` (bench/texts) is what an application sees on an
ordinary day: prompts of about 100 bytes and documents, three in five English, the rest in more than
a dozen languages, one in twenty with an attack. `mixed-1`
(src/aidefence/service/benchmark_texts.py) is hard on purpose: sentences full of the words that
rules wait for, in more than twenty languages, one in five with an attack, cut to the size
named. `own-1` (bench/own_texts.py) is whole texts: the attacks set aside from training, those that
rules promise to catch, and harmless prompts, documents and twins of attacks. It is rewritten in
every disguise (bench/rewriters.py), and hidden in long documents.
"""

# What a reader looks for first, in this order; the rest stands in the record.
_SHOWN = (
    *("per_second", "mb_per_second", "p50_ns", "p99_ns", "p50_us", "p99_us", "connections"),
    *("mb_per_second_min", "slowest", "ratio_max", "steepest", "import_ms", "guard_ms"),
    *("trips", "lost", "unlike", "leaked", "trips_per_second"),
    *("serving_mib", "all_processes_mib", "wheel_mb"),
    *("auc", "recall_at_1_fpr", "recall_at_5_fpr", "recall", "fpr", "f1"),
    *("recall_least", "weakest", "fpr_most", "most_alarms", "languages_that_reach_both"),
    *("kept_single", "kept_single_min", "kept_pairs", "recall_of_bare", "kept", "kept_least"),
    *("false_alarms", "false_alarms_plain", "false_alarms_single", "false_alarms_pairs"),
)


def write_table() -> Path:
    """Write the page and the front page's part of it; return the page's path."""
    records = read_records()
    README.write_text(render(records), "utf-8")
    front = FRONT_PAGE.read_text("utf-8")
    FRONT_PAGE.write_text(with_summary(front, records), "utf-8")
    return README


def with_summary(page: str, records: dict[str, dict[str, Any]]) -> str:
    """Return the front page with its part between the marks written anew."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n{summary(records)}\n{_END}{after}"


def summary(records: dict[str, dict[str, Any]]) -> str:
    """Return what a reader of the front page asks first, misses included."""
    lines = ["| what | measured | goal | met |", "|---|---|---|---|"]
    for name in _FRONT:
        if name in records:
            record = records[name]
            goals = "<br>".join(f"{_plain(bar['metric'])} {bar['bar']}" for bar in record["bars"])
            shown = dict.fromkeys(bar["metric"] for bar in record["bars"])
            told = ", ".join(
                f"{_plain(key)} {_number(record['results'][key])}" for key in shown
            ) or _first(record)
            met = "<br>".join("yes" if bar["met"] else "**no**" for bar in record["bars"])
            lines.append(f"| {record['what']} | {told} | {goals} | {met} |")
    lines += [
        "",
        "[bench/README.md](bench/README.md) has all of them, with payload, place and machine.",
        "`make bench` measures them again on your machine. By source, the development set:",
        "",
        "| source | attacks | found | harmless | false alarms |",
        "|---|---|---|---|---|",
    ]
    for source, row in records["accuracy-dev"]["results"]["by_source"].items():
        attacks = row["attacks"]
        cells = [_share(row.get("recall")), _share(row.get("fpr"))]
        lines.append(f"| {source} | {attacks} | {cells[0]} | {row['n'] - attacks} | {cells[1]} |")
    return "\n".join(lines)


def _first(record: dict[str, Any]) -> str:
    key = next(key for key in _SHOWN if key in record["results"])
    return f"{_plain(key)} {_number(record['results'][key])}"


def _plain(metric: str) -> str:
    return metric.replace("_", " ")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


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
