"""A report as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.terminal import printable
from aidefence.service.evaluation_report import Object

LIMITS = {"0.002": "0.2%", "0.01": "1%", "0.05": "5%"}
"""Keys of false-positive limits in a report, and how people write them."""

_LEGEND = (
    "±: half the width of the 95 % interval, in points. AUC*: the group's attacks against all "
    "benign texts.\nR@x: recall at the threshold that gives x FPR on the group's own benign texts."
    "\nall@1%: recall (or FPR, for benign groups) at the threshold that gives 1 % FPR overall."
)
_TEXT_SHOWN_MAX = 240


def print_report(terminal: Console, report: Object) -> None:
    """Write everything that the report says, curves aside."""
    overall = report["overall"]
    _head(terminal, report)
    for title, groups in (("overall", {"all": overall}), *report["by"].items()):
        terminal.print()
        terminal.print(_groups(title, groups))
    terminal.print()
    terminal.print(Text(_LEGEND, style="dim"))
    for key, point in overall["recall_at_fpr"].items():
        recall, at = point["recall"], point["threshold"]
        told = f"overall recall at {LIMITS[key]} FPR: {recall['value']:.4f} (95 %: "
        told += f"{recall['low']:.4f}-{recall['high']:.4f}) "
        told += "at no score" if at is None else f"from score {at:.4f} on"
        terminal.print(Text(told))
    _reliability(terminal, overall)
    _tiers(terminal, report)
    _latency(terminal, report["latency"])
    for title, cases in (
        ("worst misses", report["worst"]["misses"]),
        ("worst false alarms", report["worst"]["false_alarms"]),
    ):
        _cases(terminal, title, cases)
    for check, told in report["degraded"].items():
        told_text = f"{check}: {told['reason']} ({told['texts']:,} texts)"
        terminal.print(Text(printable(told_text), style="yellow"))


def print_comparison(terminal: Console, gate: Object) -> None:
    """Write what dropped, what may have, and what was not compared."""
    counts = gate["counts"]
    terminal.print()
    if gate["changes"]:
        table = _table("baseline", ("group", "measure", "then", "now", "drop", "at least", "n"))
        for it in gate["changes"]:
            now = it["now"]
            table.add_row(
                Text(it["status"], style="bold red" if it["status"] == "dropped" else ""),
                Text(printable(f"{it['dimension']}: {it['name']}")),
                it["metric"],
                _number(it["then"]["value"]),
                "" if now is None else _number(now["value"]),
                "" if now is None else _number(it["drop"]),
                "" if now is None else _number(it["drop_low"]),
                f"{it['then']['texts'] if now is None else now['texts']:,}",
            )
        terminal.print(table)
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    terminal.print(
        Text(
            f"baseline: {told}; {gate['too_small']:,} with fewer than {gate['min_texts']:,} texts "
            f"not compared"
        )
    )
    if not gate["same_data"]:
        terminal.print(Text("baseline: the data are not the same", style="yellow"))


def _head(terminal: Console, report: Object) -> None:
    overall, settings, told = report["overall"], report["settings"], report["obfuscation_told_by"]
    head = f"{report['read']:,} records, {overall['attacks']:,} attacks and "
    head += f"{overall['benign']:,} benign counted"
    head += f", {report['duplicates']:,} duplicates" if report["duplicates"] else ""
    head += f", {report['conflicts']:,} under both labels" if report["conflicts"] else ""
    terminal.print(Text(head))
    seconds = report["seconds"]
    terminal.print(
        Text(
            f"profile {settings['profile']}: flags from {report['threshold']:.4f}"
            f" · {seconds:.1f} s · {report['read'] / max(seconds, 1e-9):,.0f} texts/s"
            f" · policy {report['made_by']['policy']}",
            style="dim",
        )
    )
    terminal.print(
        Text(
            f"obfuscation told by the record for {told['record']:,} texts, by findings for "
            f"{told['findings']:,}; none seen in {told['nothing']:,}",
            style="dim",
        )
    )


def _tiers(terminal: Console, report: Object) -> None:
    table = _table("tiers that ran", ("attacks", "benign"))
    for name, it in report["tiers"].items():
        table.add_row(name, f"{it['attacks']:,}", f"{it['benign']:,}")
    terminal.print()
    terminal.print(table)
    heads = ("attacks", "of attacks %", "±", "benign", "of benign %", "±")
    table = _table("reached tier", heads)
    for name, it in report["reached"].items():
        shares = [it["attacks"], it["benign"]]
        cells = [(_hits(it), _percent(it), _half_width(it)) for it in shares]
        table.add_row(name, *(cell for three in cells for cell in three))
    terminal.print()
    terminal.print(table)


def _groups(title: str, groups: Object) -> Table:
    columns = ("n", "attacks", "recall", "±", "FPR", "±", "F1", "AUC", "AUC*")
    points = tuple(f"R@{name}" for name in LIMITS.values())
    table = _table(title, (*columns, *points, "all@1%", "ECE", "Brier"))
    for name, group in groups.items():
        table.add_row(
            Text(printable(name)),
            f"{group['n']:,}",
            f"{group['attacks']:,}",
            _percent(group["recall"]),
            _half_width(group["recall"]),
            _percent(group["fpr"]),
            _half_width(group["fpr"]),
            _number(group["f1"]),
            _number((group["auc"] or {}).get("value")),
            _number((group["auc_against_all"] or {}).get("value")),
            *(_percent(group["recall_at_fpr"].get(key, {}).get("recall")) for key in LIMITS),
            _pooled(group["at_overall_fpr"].get("0.01")),
            _number(group["ece"]),
            _number(group["brier"]),
        )
    return table


def _reliability(terminal: Console, overall: Object) -> None:
    table = _table("score", ("n", "mean score", "attacks %", "±"))
    for it in overall["reliability"]:
        table.add_row(
            f"{it['low']:.1f} to {it['high']:.1f}",
            f"{it['attacks']['n']:,}",
            _number(it["mean_score"]),
            _percent(it["attacks"]),
            _half_width(it["attacks"]),
        )
    terminal.print()
    terminal.print(table)


def _latency(terminal: Console, latency: Object | None) -> None:
    if latency is None:
        return
    table = _table("single calls", ("calls", "median µs", "p99 µs", "max µs", "characters"))
    rows: list[tuple[str, Object]] = [("all", latency["calls"])]
    rows += [(f"tiers {tiers}", it) for tiers, it in latency["by_tiers"].items()]
    rows += [(f"step {step}", it) for step, it in latency["by_step"].items()]
    for name, it in rows:
        table.add_row(
            Text(printable(name)),
            f"{it['calls']:,}",
            *(f"{it[key]:,.1f}" for key in ("median_us", "p99_us", "max_us")),
            f"{it['characters_median']:,.0f}",
        )
    terminal.print()
    terminal.print(table)


def _cases(terminal: Console, title: str, cases: list[Object]) -> None:
    if not cases:
        return
    terminal.print()
    terminal.print(Text(title, style="bold"))
    for case in cases:
        name = case["id"] or case["where"]
        line = f"  {case['score']:.4f}  {name}  {case['source']} · {case['category']} · "
        line += f"{case['language']} · {case['characters']:,} characters"
        line += f" · {case['digest'][:16]}"
        terminal.print(Text(printable(line)))
        for told in case_lines(case):
            terminal.print(Text(printable(f"          {told}"), style="dim"))
        if "text" in case:
            shown = case["text"][:_TEXT_SHOWN_MAX]
            more = "…" if len(case["text"]) > len(shown) or case["text_cut"] else ""
            terminal.print(Text(printable(f"          | {shown}{more}")))


def case_lines(case: Object) -> Iterable[str]:
    """Say why a text has its score, one line a reason."""
    scores = ", ".join(f"{name} {value:.3f}" for name, value in case["confidences"].items())
    if scores:
        yield f"confidence: {scores}"
    for it in case["findings"]:
        hidden = f", hidden by {' > '.join(it['chain'])}" if it["chain"] else ""
        quoted = ", quoted rather than meant" if it["mention"] else ""
        place = f"{it['span'][0]}..{it['span'][1]}"
        yield f"{it['rule']} {it['score']:.2f} at {place}: {it['explanation']}{hidden}{quoted}"
    if not case["findings"]:
        yield "no finding"
    if case["findings_left_out"]:
        yield f"+ {case['findings_left_out']} more findings"


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _pooled(pair: Object | None) -> str:
    if pair is None:
        return ""
    return _percent(pair["recall"]) if pair["recall"] else f"FPR {_percent(pair['fpr'])}"


def _hits(share: Object | None) -> str:
    return "" if share is None else f"{share['hits']:,}"


def _percent(share: Object | None) -> str:
    return "" if share is None else f"{100 * share['value']:.2f}"


def _half_width(share: Object | None) -> str:
    return "" if share is None else f"{50 * (share['high'] - share['low']):.1f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
