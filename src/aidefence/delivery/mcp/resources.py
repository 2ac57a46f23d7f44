"""What an agent may look up: the rules of this installation, and what they found lately."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from aidefence.delivery.mcp.toolbox import caller_of
from aidefence.domain.enums import CATEGORIES, SEVERITIES
from aidefence.domain.episode import Episode
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.engine import RuleInfo
from aidefence.service.episodes import Episodes
from aidefence.service.inspect import Inspector
from aidefence.service.services import Services
from aidefence.service.telling import DIGITS

RULES = "aidefence://rules"
FINDINGS = "aidefence://findings"
RECENT = "recent"
_RECENT_MAX = 100
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
    if services.episodes is not None:
        _add_findings(server, services.episodes)
    server.resource(
        f"{RULES}/{{id}}",
        name="rule",
        title="One detection rule",
        description="What one rule looks for, with its numbers in public catalogues.",
        mime_type=_JSON,
    )(rule)


def _add_findings(server: MCPServer[Any], episodes: Episodes) -> None:
    def findings(cursor: str, ctx: Context[Any, Any]) -> str:
        if cursor != RECENT and not (cursor.isascii() and cursor.isdecimal()):
            raise ResourceNotFoundError(f"`{cursor[:40]}` is neither a cursor nor `{RECENT}`")
        after = max(0, episodes.tip() - _RECENT_MAX) if cursor == RECENT else int(cursor[:18])
        page = episodes.after(after, caller_of(ctx.request_context.request), limit=_RECENT_MAX)
        told = {"findings": [_threat(it) for it in page.episodes], "cursor": page.cursor}
        return json.dumps(told, ensure_ascii=False)

    server.resource(
        f"{FINDINGS}/{{cursor}}",
        name="findings",
        title="Findings",
        description=f"Threats found lately: `{RECENT}`, or all that came after a cursor.",
        mime_type=_JSON,
    )(findings)


def _threat(episode: Episode) -> dict[str, object]:
    return {
        "requestId": episode.id,
        "timestamp": episode.at_ms,
        "door": episode.door,
        "location": episode.node,
        "category": None if episode.category is None else episode.category.value,
        "severity": episode.severity.value,
        "confidence": round(episode.confidence, DIGITS),
        "action": episode.action.value,
        "enforced": episode.enforced,
        "rules": list(dict.fromkeys(it.rule_id for it in episode.evidence)),
    }


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
