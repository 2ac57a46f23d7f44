"""What an agent may look up: the rules of this installation, one by one and together."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from aidefence.domain.enums import CATEGORIES, SEVERITIES
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.engine import RuleInfo
from aidefence.service.inspect import Inspector
from aidefence.service.services import Services

RULES = "aidefence://rules"
_JSON = "application/json"
_KEPT = 2
"""So many policies are remembered: the one that holds, and the one before while it is replaced."""


def add_resources(server: MCPServer[Any], services: Services) -> None:
    """Register the resources; they tell of the policy that holds when they are read."""

    def rules() -> str:
        held = _rules(services.desk.standing.inspector)
        return json.dumps([_card(rule) for rule in held.values()], ensure_ascii=False)

    def rule(id: str) -> str:  # noqa: A002 -- the name in the address
        known = _rules(services.desk.standing.inspector).get(id)
        if known is None:
            raise ResourceNotFoundError(f"there is no rule `{id}`")
        entry = TAXONOMY[CATEGORIES[known.category]]
        told = {
            **_card(known),
            "taxonomy": list(dict.fromkeys((*entry.ids, *known.tags))),
            "about": entry.description,
        }
        return json.dumps(told, ensure_ascii=False)

    server.resource(
        RULES,
        name="rules",
        title="Detection rules",
        description="All rules of this installation, also those not in force.",
        mime_type=_JSON,
    )(rules)
    server.resource(
        f"{RULES}/{{id}}",
        name="rule",
        title="One detection rule",
        description="What one rule looks for, with its numbers in public catalogues.",
        mime_type=_JSON,
    )(rule)


@lru_cache(maxsize=_KEPT)
def _rules(inspector: Inspector) -> dict[str, RuleInfo]:
    return {rule.id: rule for rule in inspector.rules()}


def _card(rule: RuleInfo) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "category": CATEGORIES[rule.category].value,
        "severity": SEVERITIES[rule.severity].value,
        "confidence": round(rule.confidence, 3),
        "paranoia": rule.paranoia,
        "status": rule.status,
        "entity": rule.entity,
        "languages": list(rule.languages),
    }
