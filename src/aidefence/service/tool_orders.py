"""Orders hidden in definitions: every text is read by the engine as what a tool says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aidefence.domain.content import Span
from aidefence.domain.decision import Decision, FindingRecord
from aidefence.domain.enums import CATEGORIES, SEVERITIES, Action, Category, Origin
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import ToolCheck, ToolDefinition, ToolFinding
from aidefence.domain.verdict import DEEP_RULE, DENSE_RULE, MODEL_RULE, Finding
from aidefence.engine import Engine
from aidefence.pipeline.corridor import Corridor
from aidefence.service.tool_texts import Place, assembled, texts_of

# What a definition may not do to the model; its examples may well hold addresses or SQL.
_ORDERS = frozenset(
    {
        Category.PROMPT_INJECTION,
        Category.INDIRECT_INJECTION,
        Category.JAILBREAK,
        Category.PROMPT_EXTRACTION,
        Category.DATA_EXFILTRATION,
        Category.TOOL_ABUSE,
        Category.OBFUSCATION,
        Category.CANARY_LEAK,
    }
)
_MODELS = frozenset({MODEL_RULE, DENSE_RULE, DEEP_RULE})
# Learned models know sentences. A label such as `user password` tells them nothing.
_MODEL_WORDS_MIN = 10
_MODEL_CHARACTERS_MIN = 20
_CHARACTERS_MIN = 12
_RULE_MIN = 0.5
_BLOCK_MIN = 0.9
_SECRET_MIN = 0.8
_PREFIX = "td-"
_TOOL = Origin.TOOL.code
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff]")


@dataclass(frozen=True, slots=True)
class OrderReader:
    """Reads definitions for orders: with the rules of the guard, and with those about tools."""

    corridor: Corridor
    book: Engine
    titles: dict[str, str]

    def read(self, tools: Sequence[ToolDefinition]) -> tuple[tuple[ToolFinding, ...], ...]:
        """Give the findings of each tool, in the order of the tools."""
        places = [texts_of(tool) for tool in tools]
        told = [(at, place) for at, of in enumerate(places) for place in of if _tells(place.text)]
        wholes = [assembled(of) for of in places]
        decisions = self.corridor.inspect_batch([it.text for _, it in told], _TOOL)
        together = self.corridor.inspect_batch(wholes, _TOOL)
        records = self.book.inspect_batch([it.text for _, it in told], _TOOL)
        parts = self.book.inspect_batch(wholes, _TOOL)
        found: list[list[ToolFinding]] = [[] for _ in tools]
        for index, (at, place) in enumerate(told):
            found[at] += self._by_guard(tools[at], place, decisions[index])
            found[at] += self._by_book(tools[at], place, records.get(index)[6])
        for at, tool in enumerate(tools):
            whole = Place(tool.pointer, "whole", wholes[at])
            seen = {it.rule_id for it in found[at]}
            late = [
                *self._by_guard(tool, whole, together[at], rules_alone=True),
                *self._by_book(tool, whole, parts.get(at)[6]),
            ]
            found[at] += [replace(it, span=None) for it in late if it.rule_id not in seen]
        return tuple(tuple(_raised(of)) for of in found)

    def _by_guard(
        self, tool: ToolDefinition, place: Place, decision: Decision, *, rules_alone: bool = False
    ) -> Iterator[ToolFinding]:
        if decision.action is Action.ALLOW:
            return
        long = _is_long(place.text)
        for finding in decision.findings:
            learned = finding.rule_id in _MODELS
            if finding.category is Category.SECRET and finding.score >= _SECRET_MIN:
                detail = f"{finding.explanation} ({finding.rule_id})"
                yield structure_finding(
                    "tool-secret",
                    place.pointer,
                    detail=detail,
                    server=tool.server,
                    tool=tool.name,
                    span=finding.span,
                )
            elif finding.category not in _ORDERS or finding.score < _RULE_MIN:
                continue
            elif not learned:
                yield _order(tool, place, finding, decision.action)
            elif long and not rules_alone:
                # Alone a model's ear may flag a definition, not stop it.
                yield _order(tool, place, finding, min(decision.action, Action.FLAG))

    def _by_book(
        self, tool: ToolDefinition, place: Place, records: Sequence[FindingRecord]
    ) -> Iterator[ToolFinding]:
        seen = set()
        for record in records:
            rule_id, category, start, end, score, severity, _, chain, _ = record
            if not rule_id.startswith(_PREFIX) or rule_id in seen:
                continue
            seen.add(rule_id)
            yield ToolFinding(
                check=ToolCheck.INSTRUCTION,
                rule_id=rule_id,
                category=CATEGORIES[category],
                severity=SEVERITIES[severity],
                action=Action.BLOCK if score >= _BLOCK_MIN else Action.FLAG,
                score=score,
                explanation=self.titles.get(rule_id, rule_id),
                pointer=place.pointer,
                server=tool.server,
                tool=tool.name,
                span=Span(start, end),
                chain=chain,
                tags=("AML.T0110",),
            )


def _order(tool: ToolDefinition, place: Place, finding: Finding, action: Action) -> ToolFinding:
    return ToolFinding(
        check=ToolCheck.INSTRUCTION,
        rule_id=finding.rule_id,
        category=finding.category,
        severity=finding.severity,
        action=action,
        score=finding.score,
        explanation=finding.explanation,
        pointer=place.pointer,
        server=tool.server,
        tool=tool.name,
        span=finding.span,
        chain=finding.chain,
        tags=("AML.T0110",),
    )


def _raised(findings: list[ToolFinding]) -> list[ToolFinding]:
    """Block what gives two kinds of orders: that is no accident of wording."""
    kinds = {it.rule_id for it in findings if it.rule_id.startswith(_PREFIX)}
    if len(kinds) < 2:  # noqa: PLR2004 - two kinds
        return findings
    return [replace(it, action=Action.BLOCK) if it.rule_id in kinds else it for it in findings]


def _is_long(text: str) -> bool:
    if _UNSPACED.search(text):
        return len(text) >= _MODEL_CHARACTERS_MIN
    return len(text.split()) >= _MODEL_WORDS_MIN


def _tells(text: str) -> bool:
    return len(text) >= _CHARACTERS_MIN or not text.isascii()
