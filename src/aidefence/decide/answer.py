"""Decide an answer again when checks that know more than the answer have found something."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.decision import FindingRecord, Record
from aidefence.domain.enums import Action
from aidefence.policy.profiles import Policy

_FINDINGS_MAX = 64


def with_findings(record: Record, found: Sequence[FindingRecord], policy: Policy) -> Record:
    """Add findings to a record: the gravest action speaks, and of equal ones the surest."""
    if not found:
        return record
    action, category, severity, confidence, score, tiers, known, cut_short = record
    for finding in found:
        threshold = policy.thresholds[finding[1]]
        sure = finding[4]
        if sure >= threshold.block:
            wanted = Action.BLOCK.code
        elif sure >= threshold.flag:
            wanted = Action.FLAG.code
        else:
            continue
        if category < 0 or (wanted, sure) > (action, confidence):
            category, severity, confidence = finding[1], finding[5], sure
            action = max(action, wanted)
    findings = tuple(sorted((*known, *found), key=lambda it: (-it[4], it[2]))[:_FINDINGS_MAX])
    return (action, category, severity, confidence, score, tiers, findings, cut_short)
