"""Inspect tool definitions: their words, their form, their names, what they add up to, pins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aidefence.domain.canonical import digest
from aidefence.domain.enums import Action
from aidefence.domain.pins import PinName, changes
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import (
    Capability,
    PinStatus,
    ToolDefinition,
    ToolFinding,
    ToolReport,
    ToolsDecision,
)
from aidefence.engine import Engine
from aidefence.ingest.tools import ToolSet
from aidefence.pipeline.corridor import Corridor
from aidefence.service.tool_names import inspect_names
from aidefence.service.tool_orders import OrderReader
from aidefence.service.tool_posture import classify, inspect_posture
from aidefence.service.tool_shape import inspect_shape

Pinned = Mapping[PinName, Mapping[str, object]]
_CHANGES_TOLD = 5


@dataclass(frozen=True, slots=True)
class ToolInspector:
    """Inspects definitions with the rules of a guard and those about tools."""

    corridor: Corridor
    book: Engine
    titles: dict[str, str]
    silent: tuple[str, ...] = ()

    def inspect(self, given: ToolSet, pinned: Pinned | None = None) -> ToolsDecision:
        """Inspect all tools together; `pinned` are the definitions that were approved."""
        tools = given.tools
        capabilities = classify(self.book, tools)
        orders = OrderReader(self.corridor, self.book, self.titles).read(tools)
        findings = [it for of in orders for it in of]
        for tool, can in zip(tools, capabilities, strict=True):
            findings += inspect_shape(tool, can)
        findings += inspect_names(tools)
        findings += inspect_posture(tools, capabilities)
        reports = [_report(tool, can) for tool, can in zip(tools, capabilities, strict=True)]
        if pinned is not None:
            reports, told = _compare(tools, reports, pinned)
            findings += told
        return ToolsDecision(
            *self.ruling(findings),
            policy_version=self.corridor.charter.policy_version,
            degraded=(*self.corridor.standing, *given.unread),
            tools=tuple(reports),
        )

    def ruling(
        self, findings: Iterable[ToolFinding]
    ) -> tuple[Action, bool, tuple[ToolFinding, ...]]:
        """Say what follows from findings: action, whether it is enforced, the worst ones first."""
        policy = self.corridor.charter.policy
        kept = [
            it
            for it in findings
            if not any(fnmatchcase(it.rule_id, pattern) for pattern in self.silent)
        ]
        kept.sort(key=lambda it: (-it.action.code, -it.severity.code, -it.score))
        action = max((it.action for it in kept), default=Action.ALLOW)
        return action, policy.enforced, tuple(kept)


def pin_name(tool: ToolDefinition) -> PinName:
    """Under which name a tool is pinned."""
    return PinName(tool.server, tool.name)


def _report(tool: ToolDefinition, can: frozenset[Capability]) -> ToolReport:
    return ToolReport(
        name=tool.name,
        server=tool.server,
        pointer=tool.pointer,
        sha256=digest(tool.definition),
        capabilities=tuple(sorted(can)),
    )


def _compare(
    tools: Sequence[ToolDefinition], reports: Sequence[ToolReport], pinned: Pinned
) -> tuple[list[ToolReport], list[ToolFinding]]:
    told: list[ToolReport] = []
    findings: list[ToolFinding] = []
    for tool, report in zip(tools, reports, strict=True):
        known = pinned.get(pin_name(tool))
        changed = () if known is None else changes(known, tool.definition)
        if known is None:
            findings.append(_pin("pin-new", tool))
            status = PinStatus.NEW
        elif changed:
            where = ", ".join(it.pointer or "/" for it in changed[:_CHANGES_TOLD])
            more = " and more" if len(changed) > _CHANGES_TOLD else ""
            findings.append(_pin("pin-changed", tool, where + more))
            status = PinStatus.CHANGED
        else:
            status = PinStatus.SAME
        told.append(replace(report, status=status, changes=changed))
    for name in sorted(gone(tools, pinned)):
        sha256 = digest(pinned[name])
        told.append(ToolReport(name.tool, name.server, "", sha256, (), PinStatus.REMOVED))
        findings.append(structure_finding("pin-removed", "", server=name.server, tool=name.tool))
    return told, findings


def _pin(rule_id: str, tool: ToolDefinition, detail: str = "") -> ToolFinding:
    return structure_finding(
        rule_id, tool.pointer, detail=detail, server=tool.server, tool=tool.name
    )


def gone(tools: Sequence[ToolDefinition], pinned: Pinned) -> frozenset[PinName]:
    """Name the pins without a tool, of servers that are in what was given."""
    servers = {tool.server for tool in tools}
    here = {pin_name(tool) for tool in tools}
    return frozenset(it for it in pinned if it not in here and it.server in servers)
