"""Inspect a tool call: whether it fits the tool, what its values would do, and what leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.enums import Action, Category, Direction, Origin
from aidefence.domain.flow import WAYS_OUT
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import Capability, ToolCheck, ToolDefinition, ToolFinding
from aidefence.domain.verdict import Finding
from aidefence.pipeline.corridor import Corridor
from aidefence.service.call_arguments import Argument, Arguments
from aidefence.service.call_schema import misfits
from aidefence.service.call_values import Role, dangers_of, role_of
from aidefence.service.tool_texts import words_of

_PAYLOADS = frozenset(
    {
        Category.SQL_INJECTION,
        Category.XSS,
        Category.COMMAND_INJECTION,
        Category.PATH_TRAVERSAL,
        Category.MALICIOUS_URL,
    }
)
# What an argument is there to hold is no payload in it; its own dangers are told by shape.
_MEANT: Mapping[Role, frozenset[Category]] = MappingProxyType(
    {
        Role.SQL: frozenset({Category.COMMAND_INJECTION, Category.XSS, Category.PATH_TRAVERSAL}),
        Role.SHELL: _PAYLOADS,
        Role.CODE: _PAYLOADS,
        Role.BODY: _PAYLOADS,
        Role.VALUE: frozenset(),
    }
)
_STATEMENT = ("select", "insert", "update", "delete", "with", "create", "alter", "explain", "show")
# In a whole statement these are what it says; in a value they would change another.
_PARTS_OF_STATEMENTS = ("union", "stacked", "tail", "comment", "call", "column", "schema")
_PAYLOAD_MIN = 0.7
_REVIEW_MIN = 0.9
_SECRET_MIN = 0.8
_PRIVATE_MIN = 0.5
_SPEAKER = Origin.ASSISTANT.code
_OUTPUT = Direction.OUTPUT.code
_TASK_MAX = 100_000


@dataclass(frozen=True, slots=True)
class CallInspector:
    """Inspects single calls with the rules of a guard."""

    corridor: Corridor

    def inspect(
        self,
        name: str,
        arguments: Arguments,
        definition: ToolDefinition | None,
        can: frozenset[Capability],
        task: str,
    ) -> Iterator[ToolFinding]:
        """Give what is wrong with one call; `task` is what the user asked for."""
        if not arguments.is_json:
            yield structure_finding("call-not-json", "", tool=name)
        for key in arguments.twice:
            yield structure_finding("call-key-twice", "", detail=f"`{key[:80]}`", tool=name)
        if definition is not None and arguments.is_json:
            for rule_id, pointer, detail in misfits(arguments.value, definition.input_schema):
                yield structure_finding(rule_id, pointer, detail=detail, tool=name)
        job = words_of(name).lower() + " " + (definition.description.lower() if definition else "")
        named = task[:_TASK_MAX].lower()
        for argument in arguments.texts:
            role = role_of(argument, job, can)
            for rule_id, span in dangers_of(argument, role, named):
                yield structure_finding(rule_id, argument.pointer, tool=name, span=span)
            yield from self._read(name, argument, role, can, task)

    def _read(
        self, name: str, argument: Argument, role: Role, can: frozenset[Capability], task: str
    ) -> Iterator[ToolFinding]:
        decision = self.corridor.evidence(argument.text, _SPEAKER, _OUTPUT)
        seen = set()
        for finding in decision.findings:
            value = finding.span.of(argument.text)
            if finding.category in _PAYLOADS - _MEANT[role] and finding.score >= _PAYLOAD_MIN:
                if finding.rule_id not in seen and not _is_meant(finding, argument, role):
                    seen.add(finding.rule_id)
                    yield _payload(finding, argument, name)
            elif not can & WAYS_OUT or value in task:
                continue
            elif finding.category is Category.SECRET and finding.score >= _SECRET_MIN:
                yield _leak("call-secret-out", finding, argument, name)
            elif (
                finding.category is Category.PII
                and finding.score >= _PRIVATE_MIN
                and Capability.OUTWARD in can
                and not argument.is_address
            ):
                yield _leak("call-private-out", finding, argument, name)


def _is_meant(finding: Finding, argument: Argument, role: Role) -> bool:
    if role is not Role.SQL or finding.category is not Category.SQL_INJECTION:
        return False
    if not argument.text.lstrip(" (\n\t").lower().startswith(_STATEMENT):
        return False
    return any(part in finding.rule_id for part in _PARTS_OF_STATEMENTS)


def _payload(finding: Finding, argument: Argument, name: str) -> ToolFinding:
    return ToolFinding(
        check=ToolCheck.CALL,
        rule_id=finding.rule_id,
        category=finding.category,
        severity=finding.severity,
        action=Action.REVIEW if finding.score >= _REVIEW_MIN else Action.FLAG,
        score=finding.score,
        explanation=finding.explanation,
        pointer=argument.pointer,
        tool=name,
        span=finding.span,
        chain=finding.chain,
    )


def _leak(rule_id: str, finding: Finding, argument: Argument, name: str) -> ToolFinding:
    detail = finding.entity or finding.explanation
    return structure_finding(
        rule_id,
        argument.pointer,
        detail=detail,
        tool=name,
        span=finding.span,
        score=finding.score,
    )


def called_names(tool: ToolDefinition) -> tuple[str, ...]:
    """Give the names that a model calls a tool by: its own, and with its client's prefix."""
    return tool.name, f"mcp__{tool.server}__{tool.name}", f"{tool.server}__{tool.name}"
