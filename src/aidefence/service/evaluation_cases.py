"""The worst misses and false alarms of an evaluation, with what the detector says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Protocol

from aidefence.domain.content import Span
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Category, Severity
from aidefence.service.labelled import LabelledText

TEXT_CHARACTERS_MAX = 2000
FINDINGS_MAX = 5


class Witness(Protocol):
    """Says why a text has its score: the guard that would decide on it in service."""

    def decide(self, texts: Sequence[str]) -> Sequence[Decision]:
        """Decide on many texts."""

    def decide_one(self, text: str) -> Decision:
        """Decide on one text, the way a caller would ask."""

    def confidences(self, text: str) -> tuple[tuple[Category, float], ...]:
        """Return the confidence of each category, highest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding without a word of the text."""

    rule_id: str
    category: Category
    severity: Severity
    score: float
    explanation: str
    chain: tuple[str, ...]
    mention: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    """One text on the wrong side of the threshold."""

    score: float
    digest: str
    record: LabelledText
    characters: int
    obfuscation: str
    action: Action | None
    confidences: tuple[tuple[Category, float], ...]
    """The highest three."""
    findings: tuple[Evidence, ...]
    findings_left_out: int
    text: str | None
    """Only where it was asked for, and only its beginning if it is long."""


class Worst:
    """Keeps the few worst texts of one side while all stream by."""

    def __init__(self, count: int) -> None:
        self._count = count
        # The least bad stands first, ready to go.
        self._heap: list[tuple[float, int, Case]] = []
        self._digests: set[str] = set()
        self._seen = 0

    def offer(self, badness: float, digest: str, make: Callable[[], Case]) -> None:
        """Take a text if it is among the worst so far; `make` is called only then."""
        self._seen += 1
        if self._count < 1 or digest in self._digests:
            return
        if len(self._heap) >= self._count:
            if badness <= self._heap[0][0]:
                return
            self._digests.discard(heappop(self._heap)[2].digest)
        # Of equally bad texts the earlier one stays.
        heappush(self._heap, (badness, -self._seen, make()))
        self._digests.add(digest)

    def cases(self) -> tuple[Case, ...]:
        """Return them, the worst first."""
        return tuple(case for _, _, case in sorted(self._heap, key=lambda it: (-it[0], -it[1])))


def make_case(
    record: LabelledText,
    score: float,
    digest: str,
    obfuscation: str,
    witness: Witness | None,
    *,
    show_text: bool,
) -> Case:
    """Ask the witness about one text and keep what it says, not the text."""
    decision = None if witness is None else witness.decide_one(record.text)
    findings = () if decision is None else decision.findings
    return Case(
        score=score,
        digest=digest,
        # Without its text, which must not outlive its chunk.
        record=replace(record, text=""),
        characters=len(record.text),
        obfuscation=obfuscation,
        action=None if decision is None else decision.action,
        confidences=() if witness is None else witness.confidences(record.text)[:3],
        findings=tuple(
            Evidence(
                rule_id=it.rule_id,
                category=it.category,
                severity=it.severity,
                score=it.score,
                explanation=it.explanation,
                chain=it.chain,
                mention=it.mention,
                span=it.span,
            )
            for it in findings[:FINDINGS_MAX]
        ),
        findings_left_out=max(0, len(findings) - FINDINGS_MAX),
        text=record.text[:TEXT_CHARACTERS_MAX] if show_text else None,
    )
