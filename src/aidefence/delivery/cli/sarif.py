"""SARIF 2.1.0, written in a stream: results first, then the rules and catalogues they named."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any, TextIO
from urllib.parse import quote

from aidefence.delivery.cli.report import LineIndex, Row, Summary, Wants
from aidefence.delivery.cli.terminal import json_text, printable
from aidefence.domain.decision import CUT_SHORT
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.domain.verdict import Finding
from aidefence.service.sarif import (
    CATALOGUES,
    LEVELS,
    SCHEMA,
    SECURITY_SEVERITY,
    catalogue,
    relationships,
)

_NOTICES_MAX = 1000


class SarifReport:
    """One SARIF log with one run. Memory grows with the rules named, not with the results."""

    wants = Wants.ACTED_ON

    def __init__(self, stream: TextIO, *, version: str, with_text: bool) -> None:
        """Write the head of the log to `stream`."""
        self._stream = stream
        self._version = version
        self._with_text = with_text
        self._rules: dict[str, dict[str, Any]] = {}
        self._indexes: dict[str, int] = {}
        self._separator = ""
        self._stream.write(f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": [')

    def add(self, row: Row) -> None:
        """Write one result for each finding."""
        index = LineIndex(row.item.text)
        for finding in row.decision.findings:
            result = self._result(row, finding, index)
            self._stream.write(f"{self._separator}\n{json_text(result)}")
            self._separator = ","

    def close(self, summary: Summary) -> None:
        """Write the tool, its catalogues and how the run went."""
        rest = {
            "tool": {
                "driver": {
                    "name": "aidefence",
                    "semanticVersion": self._version,
                    "rules": list(self._rules.values()),
                    "supportedTaxonomies": [
                        {"name": name, "index": index}
                        for index, (name, _, _) in enumerate(CATALOGUES)
                    ],
                }
            },
            "taxonomies": [catalogue(*one) for one in CATALOGUES],
            "invocations": [_invocation(summary)],
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n"],
            "properties": {"texts": summary.texts, "found": summary.found},
        }
        self._stream.write(f"\n], {json_text(rest)[1:]}]}}\n")

    def _result(self, row: Row, finding: Finding, index: LineIndex) -> dict[str, Any]:
        decision, item = row.decision, row.item
        if finding.rule_id not in self._rules:
            self._indexes[finding.rule_id] = len(self._rules)
            self._rules[finding.rule_id] = _rule(finding)
        # The same evidence in the same text is the same alert, wherever its line moved to.
        text = finding.span.of(item.text)
        print_of = f"{finding.rule_id}\0{text}".encode("utf-8", "replace")
        return {
            "ruleId": finding.rule_id,
            "ruleIndex": self._indexes[finding.rule_id],
            "level": LEVELS[finding.severity],
            "message": {"text": _message(finding)},
            "locations": [self._location(row, finding, index)],
            "partialFingerprints": {"evidence/v1": sha256(print_of).hexdigest()[:32]},
            "properties": {
                "action": decision.action.value,
                "enforced": decision.enforced,
                "category": finding.category.value,
                "entity": finding.entity,
                "confidence": round(decision.confidence, 6),
                "score": round(finding.score, 6),
                "chain": list(finding.chain),
                "mention": finding.mention,
            },
        }

    def _location(self, row: Row, finding: Finding, index: LineIndex) -> dict[str, Any]:
        item = row.item
        # A path is bytes, whatever they spell; a name of ours only has to be readable.
        uri = quote(os.fsencode(item.path)) if item.path else item.name.replace(" ", "-")
        physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
        if not item.embedded:
            physical["region"] = self._region(item.text, finding, index, (item.line or 1) - 1)
            if item.line:
                # Only the line is known to us, so an offset from the start of the file is not.
                physical["region"].pop("charOffset")
                physical["region"].pop("charLength")
        elif item.line and not uri.endswith(".parquet"):
            physical["region"] = {"startLine": item.line}
        location: dict[str, Any] = {"physicalLocation": physical}
        if item.embedded:
            span = {"start": finding.span.start, "end": finding.span.end}
            name = item.record_id or str(item.line)
            location["logicalLocations"] = [{"name": printable(name), "kind": "element"}]
            location["properties"] = {"record": item.line, "span": span}
        return location

    def _region(
        self, text: str, finding: Finding, index: LineIndex, lines_before: int
    ) -> dict[str, Any]:
        start_line, start_column = index.locate(finding.span.start)
        end_line, end_column = index.locate(finding.span.end)
        region: dict[str, Any] = {
            "startLine": lines_before + start_line,
            "startColumn": start_column,
            "endLine": lines_before + end_line,
            "endColumn": end_column,
            "charOffset": finding.span.start,
            "charLength": len(finding.span),
        }
        if self._with_text:
            region["snippet"] = {"text": finding.span.of(text)}
        return region


def _rule(finding: Finding) -> dict[str, Any]:
    entry = TAXONOMY[finding.category]
    return {
        "id": finding.rule_id,
        "name": "".join(part.capitalize() for part in finding.category.value.split("_")),
        "shortDescription": {"text": printable(finding.explanation)},
        "fullDescription": {"text": entry.description},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "relationships": relationships(entry.ids),
        "properties": {
            "tags": ["security", finding.category.value],
            "category": finding.category.value,
            "severity": finding.severity.value,
            "security-severity": SECURITY_SEVERITY[finding.severity],
        },
    }


def _invocation(summary: Summary) -> dict[str, Any]:
    notices = [
        {
            "level": "error" if notice.is_error else "note",
            "message": {"text": printable(str(notice))},
            "descriptor": {"id": notice.kind.name.lower().replace("_", "-")},
        }
        for notice in summary.notices[:_NOTICES_MAX]
    ]
    notices += [
        {
            "level": "warning",
            "message": {"text": f"{check} did not run: {reason}"},
            "descriptor": {"id": "degraded"},
        }
        for check, reason in summary.degraded.items()
    ]
    if summary.cut_short:
        stopped = f"{CUT_SHORT.check} stopped early in {summary.cut_short} texts"
        notices.append(
            {
                "level": "warning",
                "message": {"text": f"{stopped}: {CUT_SHORT.reason}"},
                "descriptor": {"id": "cut-short"},
            }
        )
    return {
        "executionSuccessful": summary.errors == 0,
        "exitCode": summary.exit_code,
        "toolExecutionNotifications": notices,
    }


def _message(finding: Finding) -> str:
    hidden = f" Hidden by {' → '.join(finding.chain)}." if finding.chain else ""
    return f"{TAXONOMY[finding.category].title}: {printable(finding.explanation)}.{hidden}"
