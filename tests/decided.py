"""Requests and what was decided about them, made without an engine: any decision there can be."""

from __future__ import annotations

from itertools import count
from typing import Any

from aidefence.domain.access import LOCAL, Caller
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Degraded
from aidefence.domain.decision import Decision, FindingRecord, Settled
from aidefence.domain.enums import Action, Category, Severity

_numbers = count(1)
CHARTER = Settled("policy-1", enforced=True, explanations=(), written=())


def request(text: str = "hello", *, caller: Caller = LOCAL, **more: Any) -> Request:
    """Make a request with an id of its own."""
    more.setdefault("id", f"req_{next(_numbers):024x}")
    more.setdefault("door", "rest")
    return Request(text, caller=caller, **more)


def finding(category: Category, score: float = 0.9) -> FindingRecord:
    """Make a finding at the beginning of a text."""
    severity = Severity.HIGH.code
    return ("rule-1", category.code, 0, 4, score, severity, False, ("base64",), ((0, 4),))


def detection(
    action: Action = Action.ALLOW,
    category: Category | None = None,
    *,
    severity: Severity = Severity.LOW,
    confidence: float = 0.01,
    elapsed_ns: int = 50_000,
    degraded: tuple[Degraded, ...] = (),
) -> Detection:
    """Make what was decided."""
    code = -1 if category is None else category.code
    findings = () if category is None else (finding(category),)
    record = (action.code, code, severity.code, confidence, confidence, 3, findings, 0)
    decision = Decision(record, CHARTER, elapsed_ns)
    return Detection(decision, category is not None, action, category, degraded, enforced=True)


def attack(**more: Any) -> Detection:
    """Make a blocked attack."""
    more.setdefault("severity", Severity.HIGH)
    return detection(Action.BLOCK, Category.PROMPT_INJECTION, confidence=0.97, **more)
