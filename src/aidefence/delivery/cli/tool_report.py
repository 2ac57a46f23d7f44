"""What `scan-tools` writes: for people, as JSON, as SARIF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.human import ACTION_STYLES, SEVERITY_STYLES
from aidefence.delivery.cli.terminal import json_text, printable
from aidefence.delivery.cli.tool_sources import Collected, Origin
from aidefence.domain.enums import Action
from aidefence.domain.tool_rules import STRUCTURE_RULES
from aidefence.domain.tools import PinStatus, ToolFinding, ToolReport, ToolsDecision
from aidefence.service.sarif import (
    CATALOGUES,
    LEVELS,
    SCHEMA,
    SECURITY_SEVERITY,
    catalogue,
    relationships,
)

_NOWHERE = Origin("", "")
_EXCERPT = 160
_CHANGES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Scan:
    """All that a report tells: the decision, where the tools came from, and how it ends."""

    decision: ToolsDecision
    collected: Collected
    found: int
    exit_code: int

    def place(self, finding: ToolFinding) -> tuple[str, str]:
        """Give the file of a finding and the pointer into that file."""
        origin = self.collected.origins.get(finding.server, _NOWHERE)
        rest = finding.pointer
        if finding.server and rest.startswith("/"):
            # What was inspected held the servers by name, at its top.
            rest = rest[1:].partition("/")[2]
            rest = f"/{rest}" if rest else ""
        return origin.path, origin.pointer + rest


def write_human(scan: Scan, console: Console) -> None:
    """Write every tool with findings, what changed in it, and the counts."""
    by_tool: dict[tuple[str, str], list[ToolFinding]] = {}
    for finding in scan.decision.findings:
        by_tool.setdefault((finding.server, finding.tool), []).append(finding)
    reports = {(it.server, it.name): it for it in scan.decision.tools}
    for key, findings in by_tool.items():
        for line in _tool_lines(key, findings, reports.get(key), scan):
            console.print(line, overflow="ignore", no_wrap=True, crop=False)
        console.print()
    console.print(_summary(scan))


def _tool_lines(
    key: tuple[str, str], findings: list[ToolFinding], report: ToolReport | None, scan: Scan
) -> Iterator[Text]:
    worst = max(it.action for it in findings)
    head = Text(printable(" / ".join(part for part in key if part) or "all tools"), style="bold")
    head.append(f"  {worst.value}", style=ACTION_STYLES[worst])
    if report is not None and report.capabilities:
        head.append(f"  {', '.join(report.capabilities)}", style="dim")
    yield head
    for finding in findings:
        line = Text("  ")
        line.append(finding.severity.value, style=SEVERITY_STYLES[finding.severity])
        line.append(f"  {finding.rule_id}  ")
        line.append(printable(finding.explanation))
        path, pointer = scan.place(finding)
        where = f"{path}#{pointer}" if path else pointer
        line.append(f"  {printable(where)}", style="dim")
        yield line
    if report is None or report.status is not PinStatus.CHANGED:
        return
    for change in report.changes[:_CHANGES_SHOWN]:
        yield Text(f"    {printable(change.pointer or '/')}", style="bold")
        for sign, text, style in (("-", change.before, "red"), ("+", change.after, "green")):
            if text is not None:
                yield Text(f"    {sign} {printable(text[:_EXCERPT])}", style=style)
    if len(report.changes) > _CHANGES_SHOWN:
        yield Text(f"    + {len(report.changes) - _CHANGES_SHOWN} more changes", style="dim")


def _summary(scan: Scan) -> Text:
    tools = [it for it in scan.decision.tools if it.status is not PinStatus.REMOVED]
    line = Text(f"{len(tools):,} tools")
    counts = dict.fromkeys(reversed(Action), 0)
    for finding in scan.decision.findings:
        counts[finding.action] += 1
    told = ", ".join(f"{count:,} {action.value}" for action, count in counts.items() if count)
    line.append(f": {told}" if told else ": nothing found")
    if scan.collected.errors:
        line.append(f" · {len(scan.collected.errors):,} not checked", style="bold red")
    return line


def write_json(scan: Scan, stream: TextIO) -> None:
    """Write one JSON document."""
    decision = scan.decision
    told = {
        "action": decision.action.value,
        "enforced": decision.enforced,
        "policyVersion": decision.policy_version,
        "found": scan.found,
        "exitCode": scan.exit_code,
        "tools": [_tool(it) for it in decision.tools],
        "findings": [_finding(it, scan) for it in decision.findings],
        "degraded": [{"check": it.check, "reason": it.reason} for it in decision.degraded],
        "errors": scan.collected.errors,
    }
    stream.write(json_text(told, indent=2) + "\n")


def _tool(report: ToolReport) -> Mapping[str, Any]:
    return {
        "server": report.server,
        "name": report.name,
        "sha256": report.sha256,
        "capabilities": list(report.capabilities),
        "pin": report.status.value,
        "changes": [
            {"pointer": it.pointer, "before": it.before, "after": it.after} for it in report.changes
        ],
    }


def _finding(finding: ToolFinding, scan: Scan) -> Mapping[str, Any]:
    path, pointer = scan.place(finding)
    return {
        "check": finding.check.value,
        "rule": finding.rule_id,
        "category": finding.category.value,
        "severity": finding.severity.value,
        "action": finding.action.value,
        "score": round(finding.score, 6),
        "explanation": finding.explanation,
        "server": finding.server,
        "tool": finding.tool,
        "file": path,
        "pointer": pointer,
        "span": [finding.span.start, finding.span.end] if finding.span else None,
        "chain": list(finding.chain),
        "taxonomy": list(finding.ids),
    }


def write_sarif(scan: Scan, stream: TextIO, version: str) -> None:
    """Write one SARIF log with one run."""
    rules: dict[str, Mapping[str, Any]] = {}
    for finding in scan.decision.findings:
        rules.setdefault(finding.rule_id, _sarif_rule(finding))
    notices = [
        {"level": "error", "message": {"text": printable(it)}, "descriptor": {"id": "unread"}}
        for it in scan.collected.errors
    ]
    notices += [
        {
            "level": "warning",
            "message": {"text": f"{it.check} did not run: {it.reason}"},
            "descriptor": {"id": "degraded"},
        }
        for it in scan.decision.degraded
    ]
    run = {
        "tool": {
            "driver": {
                "name": "aidefence",
                "semanticVersion": version,
                "rules": list(rules.values()),
                "supportedTaxonomies": [
                    {"name": name, "index": at} for at, (name, _, _) in enumerate(CATALOGUES)
                ],
            }
        },
        "results": [_sarif_result(it, scan, list(rules)) for it in scan.decision.findings],
        "taxonomies": [catalogue(*it) for it in CATALOGUES],
        "invocations": [
            {
                "executionSuccessful": not scan.collected.errors,
                "exitCode": scan.exit_code,
                "toolExecutionNotifications": notices,
            }
        ],
        "columnKind": "unicodeCodePoints",
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    stream.write(json_text(log, indent=1) + "\n")


def _sarif_rule(finding: ToolFinding) -> Mapping[str, Any]:
    structure = STRUCTURE_RULES.get(finding.rule_id)
    title = structure.title if structure else finding.explanation
    return {
        "id": finding.rule_id,
        "shortDescription": {"text": printable(title)},
        "fullDescription": {"text": finding.taxonomy.description},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "relationships": relationships(finding.ids),
        "properties": {
            "tags": ["security", finding.category.value, finding.check.value],
            "security-severity": SECURITY_SEVERITY[finding.severity],
        },
    }


def _sarif_result(finding: ToolFinding, scan: Scan, rules: list[str]) -> Mapping[str, Any]:
    path, pointer = scan.place(finding)
    named = " / ".join(part for part in (finding.server, finding.tool) if part)
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": printable(pointer or "/"), "kind": "element"}]
    }
    # Every result stands in a file: what is about all tools stands in the first of them.
    file = path or next((it.path for it in scan.collected.origins.values()), "")
    location["physicalLocation"] = {
        "artifactLocation": {"uri": quote(file.replace(" ", "-"))},
        "region": {"startLine": 1},
    }
    return {
        "ruleId": finding.rule_id,
        "ruleIndex": rules.index(finding.rule_id),
        "level": LEVELS[finding.severity],
        "message": {
            "text": printable(f"{named}: {finding.explanation}" if named else finding.explanation)
        },
        "locations": [location],
        "properties": {
            "action": finding.action.value,
            "check": finding.check.value,
            "tool": printable(named),
        },
    }
