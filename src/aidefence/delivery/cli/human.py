"""The report for people: what was found, where it stands, why, and how it was hidden."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.report import LineIndex, Row, Summary, Wants
from aidefence.delivery.cli.terminal import printable
from aidefence.domain.content import Span
from aidefence.domain.decision import CUT_SHORT, UNREAD
from aidefence.domain.enums import Action, Severity
from aidefence.domain.verdict import Finding

_CONTEXT = 48
_EXCERPTS_MAX = 4
_EXCERPT_CHARACTERS_MAX = 320
_FINDINGS_MAX = 8

ACTION_STYLES = {
    Action.ALLOW: "green",
    Action.FLAG: "bold yellow",
    Action.REDACT: "bold yellow",
    Action.REVIEW: "bold magenta",
    Action.BLOCK: "bold red",
}
SEVERITY_STYLES = {
    Severity.LOW: "cyan",
    Severity.MEDIUM: "yellow",
    Severity.HIGH: "red",
    Severity.CRITICAL: "bold red",
}
_HIGHLIGHT = "bold reverse"


class HumanReport:
    """Writes what was found to a console; clean texts only when asked."""

    def __init__(self, console: Console, *, show_clean: bool) -> None:
        """Write to `console`."""
        self._console = console
        self.wants = Wants.ALL if show_clean else Wants.ACTED_ON

    def add(self, row: Row) -> None:
        """Write one text: a head line, its excerpts, its findings, the reasons."""
        decision = row.decision
        self._print(_head(row))
        for allowed in decision.allowed_by:
            place = f"{allowed.span.start}..{allowed.span.end}"
            told = f"  allowed by {allowed.entry}: {allowed.rule_id or 'the whole text'} at {place}"
            self._print(Text(printable(told), style="green"))
        if decision.category is None and not row.found:
            return
        for excerpt in self._excerpts(row):
            self._print(excerpt)
        index = LineIndex(row.item.text)
        for finding in decision.findings[:_FINDINGS_MAX]:
            self._print(_finding_line(finding, index))
        if len(decision.findings) > _FINDINGS_MAX:
            more = len(decision.findings) - _FINDINGS_MAX
            self._print(Text(f"  + {more} more findings", style="dim"))
        # The other reasons tell of the findings, which stand above in full.
        for reason in decision.reasons[:1]:
            self._print(Text(f"  why: {printable(reason)}", style="dim"))
        for missed in row.missed:
            how = "stopped early" if missed in {CUT_SHORT, UNREAD} else "did not run"
            self._print(Text(f"  {missed.check} {how}: {missed.reason}", style="yellow"))
        self._print(Text())

    def close(self, summary: Summary) -> None:
        """Write the counts."""
        self._print(summary_line(summary))

    def _print(self, text: Text) -> None:
        self._console.print(text, overflow="ignore", no_wrap=True, crop=False)

    def _excerpts(self, row: Row) -> Iterator[Text]:
        text, marked = row.item.text, _marked(row.item.text, row.decision.findings)
        windows = _windows(marked, len(text))
        for window in windows[:_EXCERPTS_MAX]:
            yield _excerpt(text, window, marked, plain=not self._console.color_system)
        if len(windows) > _EXCERPTS_MAX:
            yield Text(f"  │ + {len(windows) - _EXCERPTS_MAX} more places", style="dim")


def summary_line(summary: Summary) -> Text:
    """Return the counts in one line."""
    counts = ", ".join(
        f"{summary.actions[action.value]:,} {action.value}"
        for action in reversed(Action)
        if summary.actions[action.value]
    )
    line = Text(f"{summary.texts:,} texts")
    if counts:
        line.append(f": {counts}")
    if summary.seconds > 0:
        line.append(f" · {summary.seconds:.2f} s", style="dim")
        line.append(f" · {summary.texts / summary.seconds:,.0f} texts/s", style="dim")
    if summary.cut_short:
        line.append(f" · {summary.cut_short:,} cut short", style="yellow")
    if summary.errors:
        line.append(f" · {summary.errors:,} not checked", style="bold red")
    return line


def _head(row: Row) -> Text:
    item, decision = row.item, row.decision
    line = Text()
    line.append(printable(item.name), style="bold")
    if item.record_id is not None:
        line.append(f" ({printable(item.record_id)})")
    line.append("  ")
    line.append(decision.action.value, style=ACTION_STYLES[decision.action])
    if decision.action is not Action.ALLOW and not decision.enforced:
        line.append(" (observed only)", style="dim")
    if decision.category is None:
        line.append("  clean", style="dim")
        return line
    line.append(f"  {decision.category.value}")
    line.append(f"  {decision.severity.value}", style=SEVERITY_STYLES[decision.severity])
    line.append(f"  confidence {decision.confidence:.2f}")
    return line


def _finding_line(finding: Finding, index: LineIndex) -> Text:
    first, last = index.locate(finding.span.start), index.locate(max(finding.span.end - 1, 0))
    line = Text("  • ")
    line.append(printable(finding.rule_id), style="bold")
    line.append(f"  {first[0]}:{first[1]}-{last[0]}:{last[1]}", style="dim")
    line.append(f"  {finding.category.value}")
    if finding.entity:
        line.append(f" {printable(finding.entity)}", style="dim")
    line.append(f"  {finding.severity.value}", style=SEVERITY_STYLES[finding.severity])
    line.append(f"  {finding.score:.2f}")
    if finding.chain:
        line.append(f"  hidden by {' → '.join(map(printable, finding.chain))}", style="magenta")
    if finding.mention:
        line.append("  mentioned, not used", style="dim")
    line.append(f"  {printable(finding.explanation)}")
    return line


def _marked(text: str, findings: tuple[Finding, ...]) -> list[Span]:
    """Return the places to highlight in order: exact matches, those side by side as one."""
    spans = sorted(
        span
        for finding in findings[:_FINDINGS_MAX]
        for span in (finding.matched or (finding.span,))
        if len(span)
    )
    merged: list[Span] = []
    for span in spans:
        if merged and not text[merged[-1].end : span.start].strip(" \t"):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _windows(marked: list[Span], length: int) -> list[Span]:
    windows: list[Span] = []
    for span in marked:
        start, end = max(0, span.start - _CONTEXT), min(length, span.end + _CONTEXT)
        if (
            windows
            and start <= windows[-1].end
            and end - windows[-1].start <= _EXCERPT_CHARACTERS_MAX
        ):
            windows[-1] = Span(windows[-1].start, max(end, windows[-1].end))
        else:
            windows.append(Span(start, min(end, start + _EXCERPT_CHARACTERS_MAX)))
    return windows


def _excerpt(text: str, window: Span, marked: list[Span], *, plain: bool) -> Text:
    line = Text("  │ ")
    line.append("…" if window.start else "")
    at = window.start
    for span in marked:
        start, end = max(span.start, at), min(span.end, window.end)
        if start >= end:
            continue
        line.append(_on_one_line(text[at:start]))
        shown = _on_one_line(text[start:end])
        # Without colour the place must still be seen.
        line.append(f"⟦{shown}⟧" if plain else shown, style=_HIGHLIGHT)
        at = end
    line.append(_on_one_line(text[at : window.end]))
    line.append("…" if window.end < len(text) else "")
    return line


def _on_one_line(text: str) -> str:
    return printable(text.replace("\r\n", "\n"), keep="\n\t").replace("\n", "⏎").replace("\t", " ")
