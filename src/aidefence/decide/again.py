"""Decide a text again when a deeper tier has spoken: same thresholds, same order as the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aidefence.domain.decision import FindingRecord, Record
from aidefence.domain.enums import CATEGORIES, Action, Category
from aidefence.domain.reading import Opinion, single
from aidefence.domain.verdict import DEEP_RULE, DENSE_RULE, MODEL_RULE
from aidefence.engine import MODEL_CATEGORIES

DEEP_TIER = 1 << 3

_LEARNED = frozenset({MODEL_RULE, DENSE_RULE})
_IN_USE_MIN = 0.5
_FINDINGS_MAX = 64
_SURE = 0.95
_NONE = -1
_ALLOW, _FLAG, _BLOCK = Action.ALLOW.code, Action.FLAG.code, Action.BLOCK.code
_MEDIUM, _HIGH = 1, 2
_HARMFUL = Category.HARMFUL_REQUEST.code


class Judge:
    """The thresholds of a policy, and the rules that are taken at their word."""

    __slots__ = ("_block", "_flag", "_own")

    def __init__(
        self, flag: Sequence[float], block: Sequence[float], own_rules: frozenset[str]
    ) -> None:
        # The engine compares in single precision: what is 0.8 there must be 0.8 here.
        self._flag = tuple(map(single, flag))
        self._block = tuple(map(single, block))
        self._own = own_rules

    def decide(
        self, record: Record, confidences: Sequence[float], heard: Opinion
    ) -> tuple[Record, list[float]]:
        """Give the new record, and the confidence of every category behind it."""
        rules = _Rules.of(record[6], self._own)
        fused = single(max(heard.confidence, self._floor(rules, confidences, heard)))
        lead = _lead(rules, confidences, heard)
        again = list(confidences)
        for code in range(MODEL_CATEGORIES):
            again[code] = fused if code == lead else min(rules.strongest[code], fused)
        again[_HARMFUL] = max(again[_HARMFUL], single(heard.harm))
        action, category = self._leading(again)
        findings = self._findings(record[6], again, lead, heard)
        confidence = fused if category == _NONE else again[category]
        severity = 0 if category == _NONE else _severity(findings, category, confidence)
        score, tiers = single(heard.logit), record[5] | DEEP_TIER
        return (action, category, severity, confidence, score, tiers, findings, record[7]), again

    def _floor(self, rules: _Rules, confidences: Sequence[float], heard: Opinion) -> float:
        """What the deep model cannot talk down: own rules, and what it has not read."""
        if rules.hidden or heard.cut_short:
            return max(rules.own_strongest, *confidences[:MODEL_CATEGORIES])
        return rules.own_strongest

    def _leading(self, confidences: Sequence[float]) -> tuple[int, int]:
        """The gravest action, and the surest category that asks for it."""
        action, surest, category = _ALLOW, 0.0, _NONE
        for code, confidence in enumerate(confidences):
            if confidence >= self._block[code]:
                wanted = _BLOCK
            elif confidence >= self._flag[code]:
                wanted = _FLAG
            else:
                continue
            if category == _NONE or (wanted, confidence) > (action, surest):
                action, surest, category = wanted, confidence, code
        return action, category

    def _findings(
        self,
        known: tuple[FindingRecord, ...],
        confidences: Sequence[float],
        lead: int,
        heard: Opinion,
    ) -> tuple[FindingRecord, ...]:
        flagged = confidences[lead] >= self._flag[lead]
        # What other models said is evidence as long as the verdict stands on it.
        kept = [it for it in known if flagged or it[0] not in _LEARNED]
        if heard.confidence >= self._flag[lead]:
            kept.append(_finding(lead, heard, single(heard.confidence)))
        if heard.harm >= self._flag[_HARMFUL]:
            kept.append(_finding(_HARMFUL, heard, single(heard.harm)))
        kept.sort(key=lambda it: (-it[4], it[2]))
        return tuple(kept[:_FINDINGS_MAX])


def at_least(record: Record, action: Action) -> Record:
    """Raise the action of a record: a check it needed did not run."""
    return record if record[0] >= action.code else (action.code, *record[1:])


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the rules say, in use and not merely mentioned."""

    strongest: list[float]
    own_strongest: float
    hidden: bool

    @classmethod
    def of(cls, findings: tuple[FindingRecord, ...], own_rules: frozenset[str]) -> _Rules:
        strongest = [0.0] * len(CATEGORIES)
        own_strongest, hidden = 0.0, False
        for rule_id, category, _, _, score, _, mention, chain, _ in findings:
            on_model = category < MODEL_CATEGORIES
            # Also what only a model heard beneath a disguise has not been read any deeper.
            hidden = hidden or (on_model and bool(chain) and not mention)
            if mention or rule_id in _LEARNED:
                continue
            strongest[category] = max(strongest[category], score)
            if on_model and rule_id in own_rules:
                own_strongest = max(own_strongest, score)
        return cls(strongest, own_strongest, hidden)


def _lead(rules: _Rules, confidences: Sequence[float], heard: Opinion) -> int:
    """The category an attack on the model belongs to: the strongest rule's, else the model's."""
    codes = range(MODEL_CATEGORIES)
    by_rules = max(codes, key=lambda code: rules.strongest[code])
    if rules.strongest[by_rules] >= _IN_USE_MIN:
        return by_rules
    if heard.kind is not None and heard.kind < MODEL_CATEGORIES:
        return heard.kind
    return max(codes, key=lambda code: confidences[code])


def _finding(category: int, heard: Opinion, score: float) -> FindingRecord:
    severity = _HIGH if score >= _SURE else _MEDIUM
    return (DEEP_RULE, category, heard.start, heard.end, score, severity, False, (), ())


def _severity(findings: tuple[FindingRecord, ...], category: int, confidence: float) -> int:
    told = [it[5] for it in findings if it[1] == category and not it[6]]
    return max(told, default=_HIGH if confidence >= _SURE else _MEDIUM)
