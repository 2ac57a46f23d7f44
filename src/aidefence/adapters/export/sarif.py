"""SARIF 2.1.0: one run; every finding of an episode is a result."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aidefence import __version__
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.service.sarif import (
    CATALOGUES,
    LEVELS,
    SCHEMA,
    SECURITY_SEVERITY,
    catalogue,
    relationships,
)


class SarifExporter:
    """One log, results first. Memory grows with the rules named, not with the results."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, Any]] = {}
        self._indexes: dict[str, int] = {}
        self._separator = ""

    def begin(self) -> str:
        """Write the head of the log."""
        return f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": ['

    def tell(self, episode: Episode) -> Iterable[str]:
        """Write one result for each finding."""
        for found in episode.evidence:
            yield f"{self._separator}\n{json.dumps(self._result(episode, found))}"
            self._separator = ","

    def end(self) -> str:
        """Write the tool and its catalogues."""
        driver = {
            "name": "aidefence",
            "semanticVersion": __version__,
            "rules": list(self._rules.values()),
            "supportedTaxonomies": [
                {"name": name, "index": index} for index, (name, _, _) in enumerate(CATALOGUES)
            ],
        }
        rest = {
            "tool": {"driver": driver},
            "taxonomies": [catalogue(*one) for one in CATALOGUES],
            "columnKind": "unicodeCodePoints",
        }
        return f"\n], {json.dumps(rest)[1:]}]}}\n"

    def _result(self, episode: Episode, found: Evidence) -> dict[str, Any]:
        if found.rule_id not in self._rules:
            self._indexes[found.rule_id] = len(self._rules)
            self._rules[found.rule_id] = _rule(found)
        # The text is not there: a digest names it, and the request stands for its place.
        uri = f"request/{episode.id}/{found.content}"
        region = {"charOffset": found.span.start, "charLength": len(found.span)}
        return {
            "ruleId": found.rule_id,
            "ruleIndex": self._indexes[found.rule_id],
            "level": LEVELS[found.severity],
            "message": {"text": TAXONOMY[found.category].title},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
            ],
            "partialFingerprints": {"contentRule/v1": f"{episode.digest}:{found.rule_id}"},
            "properties": {
                "requestId": episode.id,
                "timestamp": episode.at_ms,
                "door": episode.door,
                "action": episode.action.value,
                "enforced": episode.enforced,
                "category": found.category.value,
                "confidence": round(episode.confidence, 6),
                "score": round(found.score, 6),
                "chain": list(found.chain),
                "mention": found.mention,
            },
        }


def _rule(found: Evidence) -> dict[str, Any]:
    entry = TAXONOMY[found.category]
    return {
        "id": found.rule_id,
        "name": "".join(part.capitalize() for part in found.category.value.split("_")),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.description},
        "defaultConfiguration": {"level": LEVELS[found.severity]},
        "relationships": relationships(entry.ids),
        "properties": {
            "tags": ["security", found.category.value],
            "security-severity": SECURITY_SEVERITY[found.severity],
        },
    }
