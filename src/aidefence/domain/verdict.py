"""What we believe about a content, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.domain.content import Span
from aidefence.domain.enums import Category, Severity
from aidefence.domain.taxonomy import TAXONOMY, TaxonomyEntry

# Findings of the learned models carry these instead of a rule's id.
MODEL_RULE = "model.ngram"
DENSE_RULE = "model.dense"
DEEP_RULE = "model.encoder"
ALLOWED_PREFIX = "allowed:"
"""Records keep what an allow list took out among the findings, under names that begin so."""


@dataclass(frozen=True, slots=True)
class Match:
    """A place where a rule's pattern was seen: no judgement yet."""

    rule_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: what kind, where in the original text, how strong and why.

    `entity` names the kind of private data or secret, such as `iban`.
    """

    category: Category
    span: Span
    score: float
    severity: Severity
    rule_id: str
    explanation: str
    chain: tuple[str, ...] = ()
    matched: tuple[Span, ...] = ()
    mention: bool = False
    content: int = 0
    entity: str | None = None

    @property
    def taxonomy(self) -> TaxonomyEntry:
        """The public catalogue numbers of the finding's category."""
        return TAXONOMY[self.category]

    @property
    def matches(self) -> tuple[Match, ...]:
        """The places that the rule's patterns matched, in text order."""
        return tuple(Match(self.rule_id, span) for span in self.matched)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A finding that an entry of an allow list took out; `rule_id` is empty for a whole text."""

    entry: str
    rule_id: str
    span: Span
    content: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What we believe: attack or not, of which kind, how sure, how bad, and why."""

    is_attack: bool
    category: Category | None
    confidence: float
    severity: Severity
    findings: tuple[Finding, ...]
