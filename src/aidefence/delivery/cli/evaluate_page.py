"""A report as one HTML page: plots and the same numbers as tables, no script, nothing loaded.

Every number that comes from the report stands in `data-value` in full, and `data-path` says where
in the JSON it is found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from aidefence.delivery.cli.evaluate_plots import (
    histogram_plot,
    recall_plot,
    reliability_plot,
    roc_plot,
)
from aidefence.delivery.cli.evaluate_style import STYLE
from aidefence.delivery.cli.evaluate_table import LIMITS, case_lines
from aidefence.delivery.cli.terminal import printable
from aidefence.service.evaluation_report import Object

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_SOURCES_DRAWN_MAX = 60
_COLUMNS = (
    *(("n", "texts"), ("attacks", "attacks"), ("confusion.tp", "TP"), ("confusion.fn", "FN")),
    *(("confusion.fp", "FP"), ("confusion.tn", "TN"), ("recall", "recall"), ("fpr", "FPR")),
    *(("precision", "precision"), ("f1", "F1"), ("auc", "AUC")),
    ("auc_against_all", "AUC against all"),
    *((("recall_at_fpr", key, "recall"), f"recall at {name} FPR") for key, name in LIMITS.items()),
    (("at_overall_fpr", "0.01", "recall"), "recall at overall 1% FPR"),
    (("at_overall_fpr", "0.01", "fpr"), "FPR at overall 1% FPR"),
    *(("ece", "ECE"), ("brier", "Brier")),
)


def page(report: Object) -> str:
    """Return the whole page."""
    parts = [_gate(report["gate"])] if "gate" in report else []
    parts += [_plots(report), _overall(report)]
    for dimension, groups in report["by"].items():
        rows = [((*("by", dimension), name), name, group) for name, group in groups.items()]
        parts.append(_section(f"By {dimension}", _groups(dimension, rows), dimension))
    parts += [_tiers(report), _latency(report["latency"]), _cases(report["worst"])]
    parts = [_head(report), _contents(parts), *parts]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>AI Defence evaluation</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _head(report: Object) -> str:
    settings, made_by, told = report["settings"], report["made_by"], report["obfuscation_told_by"]
    facts = [
        ("Records read", f"{report['read']:,}"),
        ("Duplicates", f"{report['duplicates']:,}"),
        ("Texts under both labels", f"{report['conflicts']:,}"),
        ("Profile", settings["profile"]),
        ("Flags from score", f"{report['threshold']:.4f}"),
        ("Task", settings["task"]),
        ("Origin, direction", f"{settings['origin']}, {settings['direction']}"),
        ("Categories that count", ", ".join(settings["categories"])),
        ("Version, policy", f"{made_by['version']}, {made_by['policy']}"),
        ("Digest of the data", report["data_digest"]),
        (
            "Obfuscation told by",
            " · ".join(f"{way} {count:,}" for way, count in told.items()),
        ),
        *(
            (f"Not run: {check}", f"{it['reason']} ({it['texts']:,} texts)")
            for check, it in report["degraded"].items()
        ),
    ]
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
    return f"<h1>AI Defence evaluation</h1>\n<dl>{rows}</dl>"


def _contents(sections: Sequence[str]) -> str:
    heads = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', "".join(sections))
    items = "".join(f'<li><a href="#{place}">{title}</a></li>' for place, title in heads)
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>'


def _plots(report: Object) -> str:
    overall = report["overall"]
    measured = [
        (name, group["recall"])
        for name, group in report["by"]["source"].items()
        if group["recall"] is not None
    ]
    measured.sort(key=lambda row: row[1]["value"])
    drawn = measured[:_SOURCES_DRAWN_MAX]
    sides = overall["fpr"], overall["recall"]
    at = None if None in sides else (sides[0]["value"], sides[1]["value"])
    figures = [
        ("ROC curve", roc_plot(overall["roc"], at), _roc_table(overall["roc"])),
        (
            "Reliability",
            reliability_plot(overall["reliability"]),
            _reliability_table(overall["reliability"]),
        ),
        (
            "Scores by class",
            histogram_plot(overall["histogram"], report["threshold"]),
            _histogram_table(overall["histogram"]),
        ),
        (
            "Recall by source",
            recall_plot(drawn),
            "<p>All sources stand in the table “By source”.</p>",
        ),
    ]
    body = "".join(
        f"<figure><figcaption>{title}</figcaption>{plot}"
        f"<details><summary>{title}: the numbers</summary>{table}</details></figure>"
        for title, plot, table in figures
    )
    return _section("Plots", f'<div class="plots">{body}</div>', "plots")


def _overall(report: Object) -> str:
    rows = [(("overall",), "all", report["overall"])]
    return _section("Overall", _groups("data", rows), "overall")


def _groups(title: str, rows: Iterable[tuple[tuple[str, ...], str, Object]]) -> str:
    body = []
    for path, name, group in rows:
        cells = "".join(_group_cell(group, path, _steps(key)) for key, _ in _COLUMNS)
        body.append(f'<tr><th scope="row">{_text(name)}</th>{cells}</tr>')
    return _table((title, *(name for _, name in _COLUMNS)), body)


def _group_cell(group: Object, path: tuple[str, ...], steps: tuple[str, ...]) -> str:
    found: Any = group
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    where = (*path, *steps)
    if not isinstance(found, dict):
        return _cell(found, where)
    # An estimate stands with its interval.
    inner = "".join(
        f"{mark}{_number(found[key], (*where, key), digits=4 if key == 'value' else 3)}{after}"
        for key, mark, after in (
            ("value", "", " "),
            ("low", "<small>", "&ndash;"),
            ("high", "", ""),
        )
    )
    return f"<td>{inner}</small></td>"


def _steps(key: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(key.split(".")) if isinstance(key, str) else tuple(key)


def _roc_table(points: Sequence[Object]) -> str:
    return _list_table(points, ("overall", "roc"), ("threshold", "fpr", "recall"))


def _reliability_table(bins: Sequence[Object]) -> str:
    keys = ("low", "high", "mean_score", "attacks.value", "attacks.low", "attacks.high")
    return _list_table(bins, ("overall", "reliability"), (*keys, "attacks.n"))


def _histogram_table(bins: Sequence[Object]) -> str:
    return _list_table(bins, ("overall", "histogram"), ("low", "high", "attacks", "benign"))


def _list_table(items: Sequence[Object], path: tuple[str, ...], keys: Sequence[str]) -> str:
    body = []
    for at, item in enumerate(items):
        cells = "".join(_group_cell(item, (*path, str(at)), _steps(key)) for key in keys)
        body.append(f"<tr>{cells}</tr>")
    return _table([key.replace("_", " ").replace(".", ", ") for key in keys], body)


def _tiers(report: Object) -> str:
    body = []
    for name, it in report["tiers"].items():
        cells = "".join(_cell(it[key], ("tiers", name, key)) for key in ("attacks", "benign"))
        body.append(f'<tr><th scope="row">{_text(name)}</th>{cells}</tr>')
    ran = _table(("tiers that ran", "attacks", "benign"), body)
    body = []
    for name, it in report["reached"].items():
        keys = ("attacks.hits", "attacks", "benign.hits", "benign")
        cells = "".join(_group_cell(it, ("reached", name), _steps(key)) for key in keys)
        body.append(f'<tr><th scope="row">{_text(name)}</th>{cells}</tr>')
    heads = ("reached tier", "attacks", "of attacks", "benign", "of benign")
    return _section("Tiers", ran + _table(heads, body), "tiers")


def _latency(latency: Object | None) -> str:
    if latency is None:
        return ""
    keys = ("calls", "median_us", "p99_us", "max_us", "characters_median")
    rows: list[tuple[tuple[str, ...], str, Object]] = [
        (("latency", "calls"), "all", latency["calls"])
    ]
    for kind in ("by_tiers", "by_step"):
        name = kind.removeprefix("by_")
        rows += [(("latency", kind, key), f"{name} {key}", it) for key, it in latency[kind].items()]
    body = []
    for path, name, times in rows:
        cells = "".join(_cell(times[key], (*path, key)) for key in keys)
        body.append(f'<tr><th scope="row">{_text(name)}</th>{cells}</tr>')
    heads = ("single calls", "calls", "median µs", "p99 µs", "max µs", "characters, median")
    return _section("Latency", _table(heads, body), "latency")


def _cases(worst: Object) -> str:
    body = ""
    for key, title in (("misses", "Worst misses"), ("false_alarms", "Worst false alarms")):
        items = "".join(_case(case, ("worst", key, str(at))) for at, case in enumerate(worst[key]))
        body += _section(title, f"<ol>{items}</ol>" if items else "<p>None.</p>", key)
    return body


def _case(case: Object, path: tuple[str, ...]) -> str:
    facts = (case["source"], case["category"], case["language"], case["obfuscation"])
    told = " · ".join((*facts, f"{case['characters']:,} characters", f"digest {case['digest']}"))
    lines = "".join(f"<li>{_text(line)}</li>" for line in case_lines(case))
    text = ""
    if "text" in case:
        cut = "…" if case["text_cut"] else ""
        text = f"<pre>{escape(printable(case['text'], keep=chr(10)))}{cut}</pre>"
    name = case["id"] or case["where"]
    score = _number(case["score"], (*path, "score"))
    return f"<li><b>{_text(name)}</b> score {score}<br>{_text(told)}<ul>{lines}</ul>{text}</li>"


def _gate(gate: Object) -> str:
    body = []
    for at, it in enumerate(gate["changes"]):
        path = ("gate", "changes", str(at))
        now = it["now"] or {"value": None, "texts": it["then"]["texts"]}
        body.append(
            f'<tr><th scope="row">{_text(it["status"])}</th>'
            f"<td>{_text(it['dimension'])}</td><td>{_text(it['name'])}</td>"
            f"<td>{_text(it['metric'])}</td>{_cell(it['then']['value'], (*path, 'then', 'value'))}"
            f"{_cell(now['value'], (*path, 'now', 'value'))}{_cell(it['drop'], (*path, 'drop'))}"
            f"{_cell(it['drop_low'], (*path, 'drop_low'))}<td>{now['texts']}</td></tr>"
        )
    heads = ("status", "group of", "group", "measure", "then", "now", "drop", "at least", "texts")
    counts = ", ".join(f"{count} {status}" for status, count in gate["counts"].items())
    told = f"{counts}; {gate['too_small']} with too few texts not compared."
    same = "" if gate["same_data"] else " The data are not the same."
    table = _table(heads, body) if body else ""
    return _section("Against the baseline", f"<p>{_text(told + same)}</p>{table}", "gate")


def _section(title: str, body: str, name: str) -> str:
    return (
        f'<section aria-labelledby="head-{name}"><h2 id="head-{name}">{escape(title)}</h2>'
        f"{body}</section>"
    )


def _table(heads: Sequence[str], body: Iterable[str]) -> str:
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    # What scrolls must be reached by keyboard too, and then say what it is.
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(heads[0])}">'
        f"<table><thead><tr>{top}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(value: float | None, path: tuple[str, ...]) -> str:
    return "<td></td>" if value is None else f"<td>{_number(value, path)}</td>"


def _number(value: float, path: tuple[str, ...], digits: int = 4) -> str:
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    where = escape(json.dumps(path), quote=True)
    return f'<data value="{value!r}" data-path="{where}">{shown}</data>'


def _text(value: object) -> str:
    return escape(printable(str(value)))
