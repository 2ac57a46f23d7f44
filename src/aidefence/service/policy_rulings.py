"""What is ruled of tools and calls, written down as what is found of texts: policies ask both."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.asking import Detection
from aidefence.domain.content import Degraded
from aidefence.domain.decision import Charter, Decision, FindingRecord, Record
from aidefence.domain.enums import Action
from aidefence.domain.tools import Ruling, ToolFinding

_NOTHING: Record = (0, -1, 0, 0.0, 0.0, 1, (), 0)


def record_of(action: Action, findings: Sequence[ToolFinding], found: Record = _NOTHING) -> Record:
    """Write a ruling down beside what its texts say; the worst finding of the ruling leads."""
    worst = next(iter(findings), None)
    own = tuple(_finding(it) for it in findings)
    if worst is None:
        return (action.code, -1, 0, 0.0, 0.0, found[5], found[6], found[7])
    leading = worst.category.code, worst.severity.code, worst.score, worst.score
    return (action.code, *leading, found[5], (*own, *found[6]), found[7])


def detection_of(
    ruling: Ruling,
    charter: Charter,
    found: Record = _NOTHING,
    degraded: tuple[Degraded, ...] = (),
) -> Detection:
    """Give a ruling as what is detected, for policies to have their say about it."""
    missed = (*ruling.degraded, *degraded)
    record = record_of(ruling.action, ruling.findings, found)
    decision = Decision(record, charter, 0, (), missed)
    category = decision.category
    return Detection(
        decision, category is not None, ruling.action, category, missed, ruling.enforced
    )


def _finding(it: ToolFinding) -> FindingRecord:
    start, end = (it.span.start, it.span.end) if it.span else (0, 0)
    return (
        *(it.rule_id, it.category.code, start, end, it.score, it.severity.code),
        *(False, it.chain, ()),
    )
