"""Why a decision is what it is, in words that a person can check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from aidefence.domain.answer import CANARY_RULE, PROMPT_RULE
from aidefence.domain.enums import Action, Profile
from aidefence.domain.lists import DENIED_PREFIX
from aidefence.domain.reading import single
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.domain.verdict import DEEP_RULE, DENSE_RULE, MODEL_RULE, Finding, Verdict
from aidefence.policy.profiles import NEVER, Policy

_OTHER_WORDS = MappingProxyType(
    {
        MODEL_RULE: "the learned model finds the wording typical of attacks",
        DENSE_RULE: "the dense model hears the meaning of an attack here",
        DEEP_RULE: "the deep model reads the meaning of an attack here",
        CANARY_RULE: "a planted marker stands in the answer, whole or in part",
        PROMPT_RULE: "the answer tells what the system prompt says",
    }
)
_FINDINGS_TOLD_MAX = 3
_MISSED = "but a check did not run and `on_error` makes it {}"


@dataclass(frozen=True, slots=True)
class PolicyCharter:
    """A policy that can explain itself: its thresholds, every rule's title, what it finds."""

    policy: Policy
    policy_version: str
    titles: Mapping[str, str] = field(repr=False)
    enforced: bool
    knowledge: Mapping[str, str] = field(default_factory=dict)
    entities: Mapping[str, str] = field(default_factory=dict, repr=False)
    policies: Mapping[Profile, Policy] = field(default_factory=dict, repr=False)
    """What each profile would go by, with the same models and settings."""

    def of_answers(self) -> PolicyCharter:
        """The same charter for texts on their way out."""
        return replace(self, policy=self.policy.of_answers())

    def explain(self, rule_id: str) -> str:
        """What a rule stands for, in words."""
        return _OTHER_WORDS.get(rule_id) or self.titles.get(rule_id, rule_id)

    def entity(self, rule_id: str) -> str | None:
        """The kind of private data or secret that a rule finds."""
        return self.entities.get(rule_id)

    def reasons(self, verdict: Verdict, action: Action) -> tuple[str, ...]:
        """Why this verdict led to this action."""
        evidence = tuple(_tell(finding) for finding in verdict.findings[:_FINDINGS_TOLD_MAX])
        return (self._weigh(verdict, action), *evidence)

    def _weigh(self, verdict: Verdict, action: Action) -> str:
        if verdict.category is None:
            told = f"no category reaches its flag threshold in profile {self.policy.profile.value}"
            return told if action is Action.ALLOW else f"{told}, {_MISSED.format(action.value)}"
        threshold = self.policy.thresholds[verdict.category.code]
        limit = threshold.block if action is Action.BLOCK else threshold.flag
        if denied := next((it for it in verdict.findings if _is_denied(it, verdict)), None):
            return f"{TAXONOMY[verdict.category].title}: {denied.rule_id} says {action.value}"
        if single(verdict.confidence) < single(limit):
            told = f"{TAXONOMY[verdict.category].title}: confidence {verdict.confidence:.3f}"
            return f"{told}, {_MISSED.format(action.value)}"
        told = (
            f"{TAXONOMY[verdict.category].title}: confidence {verdict.confidence:.3f} reaches the "
            f"{action.value} threshold {limit:.3f} of profile {self.policy.profile.value}"
        )
        if action is Action.BLOCK or threshold.block >= NEVER:
            return told
        return f"{told}, not the block threshold {threshold.block:.3f}"


def _is_denied(finding: Finding, verdict: Verdict) -> bool:
    leads = finding.category is verdict.category
    return leads and finding.rule_id.startswith(DENIED_PREFIX)


def _tell(finding: Finding) -> str:
    place = f"{finding.span.start}..{finding.span.end}"
    hidden = f", hidden by {' > '.join(finding.chain)}" if finding.chain else ""
    quoted = ", quoted rather than meant" if finding.mention else ""
    return f"{finding.rule_id} at {place}: {finding.explanation}{hidden}{quoted}"
