"""What every SARIF log of ours says alike: levels, severities, catalogues and ways into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aidefence.domain.enums import Severity
from aidefence.domain.taxonomy import ATLAS, CWE, OWASP_AGENTIC, OWASP_LLM

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

LEVELS = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# What code-scanning services sort by, on the CVSS scale.
SECURITY_SEVERITY = {
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
CATALOGUES = (
    ("OWASP Top 10 for LLM Applications", "2025", OWASP_LLM),
    ("OWASP Top 10 for Agentic Applications", "2026", OWASP_AGENTIC),
    ("MITRE ATLAS", "5.6.0", ATLAS),
    ("CWE", "4", CWE),
)


def relationships(ids: Iterable[str]) -> list[dict[str, Any]]:
    """Point from a rule at its numbers in the catalogues."""
    indexes = {
        number: (place, name)
        for place, (name, _, known) in enumerate(CATALOGUES)
        for number in known
    }
    return [
        {
            "target": {
                "id": number,
                "toolComponent": {"name": indexes[number][1], "index": indexes[number][0]},
            },
            "kinds": ["relevant"],
        }
        for number in ids
    ]


def catalogue(name: str, version: str, known: Mapping[str, str]) -> dict[str, Any]:
    """Write one public catalogue as SARIF names it."""
    return {
        "name": name,
        "version": version,
        "taxa": [
            {"id": number, "name": title, "shortDescription": {"text": title}}
            for number, title in known.items()
        ],
    }
