"""Compile rules without a model, so that what fires is the rules' doing alone."""

from __future__ import annotations

from collections.abc import Sequence

from aidefence.domain.enums import CATEGORIES, SEVERITIES, Direction, Origin
from aidefence.engine import Engine
from aidefence.service.rule_check import RuleCard, RuleSet, RuleText
from aidefence.service.rule_trials import FiredRule

# Thresholds do not matter for which rules fire; these only have to be lawful.
_FLAG, _BLOCK = [0.8] * len(CATEGORIES), [0.95] * len(CATEGORIES)

_PARANOIA_MAX = 4


class CompiledRules:
    """Rules in the engine, all paranoia levels on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cards = tuple(
            RuleCard(
                rule_id=rule.id,
                title=rule.title,
                category=CATEGORIES[rule.category],
                severity=SEVERITIES[rule.severity],
                confidence=rule.confidence,
                paranoia=rule.paranoia,
                status=rule.status,
                entity=rule.entity,
                languages=rule.languages,
                tags=rule.tags,
                path=rule.path,
                catch=rule.catch,
                spare=rule.spare,
            )
            for rule in engine.rules()
        )

    def cards(self) -> Sequence[RuleCard]:
        """Return what every rule says of itself."""
        return self._cards

    def fired(self, text: str, origin: Origin, direction: Direction) -> Sequence[FiredRule]:
        """Return the rules that fire on a text, strongest first."""
        findings = self._engine.inspect(text, origin.code, direction.code)[6]
        return [FiredRule(one[0], one[4], one[6]) for one in findings]


def compile_rules(files: Sequence[RuleText]) -> RuleSet:
    """Compile rule and lexicon files, or raise `RuleError` for the first fault."""
    pairs = [(file.path, file.text) for file in files]
    return CompiledRules(Engine(pairs, None, flag=_FLAG, block=_BLOCK, paranoia=_PARANOIA_MAX))
