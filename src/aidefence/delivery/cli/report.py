"""What a scan hands to its reports, and the two machine-readable line formats."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256
from typing import Any, Protocol, TextIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aidefence.delivery.cli.sources import Item, Notice
from aidefence.delivery.cli.terminal import json_text
from aidefence.domain.content import Degraded
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action
from aidefence.domain.verdict import Finding

Column: TypeAlias = NDArray[Any]
"""One value a text."""


@dataclass(slots=True)
class Summary:
    """Counts of a whole scan."""

    texts: int = 0
    characters: int = 0
    found: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    notices: list[Notice] = field(default_factory=list)
    notices_dropped: int = 0
    errors: int = 0
    degraded: dict[str, str] = field(default_factory=dict)
    """Checks that did not run, or not to the end, and why."""
    missed: Counter[Degraded] = field(default_factory=Counter)
    """Checks that some texts needed and did not get, or not to the end: how many texts."""
    cut_short: int = 0
    """Texts in which a limit stopped the search for hidden text."""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """2 if something could not be checked, 1 if something was found, 0 if all is clean."""
        return 2 if self.errors else int(self.found > 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One scanned text with its decision."""

    item: Item
    decision: Decision
    found: bool
    """Whether the decision reaches what `--fail-on` asks for."""
    missed: tuple[Degraded, ...] = ()
    """Checks that did not run on this text though they run on others."""


class Wants(Enum):
    """Which texts a report is given: objects are made only for those."""

    NOTHING = auto()
    ACTED_ON = auto()
    ALL = auto()

    def of(self, actions: Column, found: Column) -> Column:
        """Return which texts of a batch are given."""
        match self:
            case Wants.NOTHING:
                return np.zeros(actions.shape, dtype=np.bool_)
            case Wants.ACTED_ON:
                return found | (actions > Action.ALLOW.code)
            case Wants.ALL:
                return np.ones(actions.shape, dtype=np.bool_)


class Report(Protocol):
    """Writes rows as they come, and what belongs at the end."""

    @property
    def wants(self) -> Wants:
        """Which texts it is given."""

    def add(self, row: Row) -> None:
        """Write one text."""

    def close(self, summary: Summary) -> None:
        """Write what stands at the end; nothing is added after it."""


class QuietReport:
    """Writes nothing: the exit code says it all."""

    wants = Wants.NOTHING

    def add(self, row: Row) -> None:
        """Write nothing."""

    def close(self, summary: Summary) -> None:
        """Write nothing."""


class LineIndex:
    """Finds the line and column, both from 1, of a code-point offset."""

    def __init__(self, text: str) -> None:
        """Find the line starts of `text` once."""
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def locate(self, offset: int) -> tuple[int, int]:
        """Return line and column of `offset`."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class JsonLinesReport:
    """One JSON object a text, written as soon as it is known."""

    wants = Wants.ALL

    def __init__(self, stream: TextIO, *, with_text: bool) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._with_text = with_text

    def add(self, row: Row) -> None:
        """Write one line."""
        self._stream.write(json_text(row_object(row, with_text=self._with_text)) + "\n")

    def close(self, summary: Summary) -> None:
        """Write nothing: every line stands alone."""


class JsonReport:
    """One JSON document: results, then notices and summary. Written in a stream."""

    wants = Wants.ALL

    def __init__(self, stream: TextIO, *, with_text: bool) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._with_text = with_text
        self._separator = '{"results": ['

    def add(self, row: Row) -> None:
        """Write one element."""
        text = json_text(row_object(row, with_text=self._with_text))
        self._stream.write(f"{self._separator}\n{text}")
        self._separator = ","

    def close(self, summary: Summary) -> None:
        """Close the list and add the summary."""
        if self._separator != ",":
            self._stream.write(self._separator)
        tail = json_text({"notices": notices_of(summary), "summary": summary_object(summary)})
        self._stream.write(f"\n], {tail[1:]}\n")


def row_object(row: Row, *, with_text: bool) -> dict[str, Any]:
    """Return a row as plain data. The text itself only appears if it was asked for."""
    item, decision = row.item, row.decision
    category = decision.category
    body: dict[str, Any] = {
        "name": item.name,
        "path": item.path,
        "line": item.line,
        "id": item.record_id,
        "sha256": sha256(item.text.encode("utf-8", "replace")).hexdigest(),
        "found": row.found,
        "action": decision.action.value,
        "enforced": decision.enforced,
        "verdict": {
            "is_attack": category is not None,
            "category": category.value if category else None,
            "confidence": _rounded(decision.confidence),
            "severity": decision.severity.value if category else None,
        },
        "findings": _findings(item, decision.findings, with_text=with_text),
        "allowed_by": [
            {"entry": it.entry, "rule": it.rule_id, "start": it.span.start, "end": it.span.end}
            for it in decision.allowed_by
        ],
        "reasons": list(decision.reasons),
        "tiers": list(decision.tiers),
        "degraded": [{"check": d.check, "reason": d.reason} for d in decision.degraded],
        "policy_version": decision.policy_version,
    }
    if with_text:
        body["text"] = item.text
    return body


def notices_of(summary: Summary) -> list[dict[str, Any]]:
    """Return what could not be scanned as asked, as plain data."""
    return [
        {"name": n.name, "kind": n.kind.value, "detail": n.detail, "error": n.is_error}
        for n in summary.notices
    ]


def summary_object(summary: Summary) -> dict[str, Any]:
    """Return the counts as plain data."""
    return {
        "texts": summary.texts,
        "characters": summary.characters,
        "found": summary.found,
        "actions": dict(sorted(summary.actions.items())),
        "errors": summary.errors,
        "degraded": [{"check": c, "reason": r} for c, r in summary.degraded.items()],
        "missed": [
            {"check": d.check, "reason": d.reason, "texts": n} for d, n in summary.missed.items()
        ],
        "cut_short": summary.cut_short,
        "notices_dropped": summary.notices_dropped,
        "seconds": round(summary.seconds, 3),
        "exit_code": summary.exit_code,
    }


def _findings(item: Item, findings: Sequence[Finding], *, with_text: bool) -> list[dict[str, Any]]:
    if not findings:
        return []
    index = LineIndex(item.text)
    return [_finding(item, finding, index, with_text=with_text) for finding in findings]


def _finding(item: Item, finding: Finding, index: LineIndex, *, with_text: bool) -> dict[str, Any]:
    line, column = index.locate(finding.span.start)
    body: dict[str, Any] = {
        "rule": finding.rule_id,
        "category": finding.category.value,
        "entity": finding.entity,
        "severity": finding.severity.value,
        "score": _rounded(finding.score),
        "explanation": finding.explanation,
        "start": finding.span.start,
        "end": finding.span.end,
        "line": line,
        "column": column,
        "chain": list(finding.chain),
        "mention": finding.mention,
        "taxonomy": list(finding.taxonomy.ids),
    }
    if with_text:
        body["text"] = finding.span.of(item.text)
    return body


def _rounded(value: float) -> float:
    # The engine hands out single precision; more digits would be noise.
    return round(value, 6)
