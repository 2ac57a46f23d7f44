"""OCSF Detection Finding (class 2004) with the profiles `ai_operation` and `security_control`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aidefence import __version__
from aidefence.domain.enums import Action, Direction, Severity
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.taxonomy import ATLAS, TAXONOMY

VERSION = "1.9.0"
_CATEGORY, _CLASS, _CREATE = 2, 2004, 1
_PROFILES = ["ai_operation", "security_control"]
_ATLAS_VERSION = "5.6.0"
_SEVERITIES = {
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_HARMLESS = (1, "Informational")
# What was done, and what became of it; an action that is not enforced was only observed.
_DONE = {
    Action.ALLOW: ((1, "Allowed"), (1, "Allowed")),
    Action.FLAG: ((1, "Allowed"), (19, "Alert")),
    Action.REDACT: ((4, "Modified"), (11, "Corrected")),
    Action.REVIEW: ((2, "Denied"), (3, "Quarantined")),
    Action.BLOCK: ((2, "Denied"), (2, "Blocked")),
}
_OBSERVED = ((3, "Observed"), (15, "Detected"))
_ROLES = {Direction.INPUT: (1, "User"), Direction.OUTPUT: (2, "Assistant")}
_SURE, _LIKELY = 0.9, 0.6
_CONFIDENCES = ((_SURE, (3, "High")), (_LIKELY, (2, "Medium")), (0.0, (1, "Low")))


class OcsfExporter:
    """One event on each line."""

    def begin(self) -> str:
        """Nothing: every line stands for itself."""
        return ""

    def tell(self, episode: Episode) -> Iterable[str]:
        """Write one event."""
        # ASCII alone: some who read lines take other characters for ends of them.
        yield json.dumps(event(episode), separators=(",", ":")) + "\n"

    def end(self) -> str:
        """Nothing: every line stands for itself."""
        return ""


def event(episode: Episode) -> dict[str, Any]:
    """Make the event of one episode."""
    severity = _SEVERITIES[episode.severity] if episode.detected else _HARMLESS
    action, disposition = _DONE[episode.action] if episode.enforced else _OBSERVED
    confidence = next(told for least, told in _CONFIDENCES if episode.confidence >= least)
    told = {
        **_named("activity", (_CREATE, "Create")),
        **_named("severity", severity),
        **_named("status", (1, "New")),
        **_named("action", action),
        **_named("disposition", disposition),
        **_named("confidence", confidence),
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Detection Finding: Create",
        "time": episode.at_ms,
        "duration": episode.elapsed_ns // 1_000_000,
        "confidence_score": round(episode.confidence * 100),
        "is_alert": episode.detected,
        "finding_info": _finding_info(episode),
        "metadata": _metadata(episode),
        "policy": {"uid": episode.policy_version, "is_applied": episode.enforced},
        "message_context": _message_context(episode),
        "unmapped": _unmapped(episode),
    }
    evidences = [_evidence(it) for it in episode.evidence]
    return told if not evidences else {**told, "evidences": evidences}


def _named(name: str, told: tuple[int, str]) -> dict[str, Any]:
    caption = "activity_name" if name == "activity" else name
    return {f"{name}_id": told[0], caption: told[1]}


def _finding_info(episode: Episode) -> dict[str, Any]:
    entry = TAXONOMY[episode.category] if episode.category else None
    info: dict[str, Any] = {
        "uid": episode.id,
        "title": entry.title if entry else "No attack found",
        "created_time": episode.at_ms,
        "types": [episode.category.value if episode.category else "benign"],
    }
    if entry is not None:
        info["desc"] = entry.description
        info["attacks"] = [
            {"version": _ATLAS_VERSION, "technique": {"uid": number, "name": ATLAS[number]}}
            for number in entry.atlas
        ]
    if episode.evidence:
        info["analytic"] = {"uid": episode.evidence[0].rule_id, "type_id": 1, "type": "Rule"}
    return info


def _metadata(episode: Episode) -> dict[str, Any]:
    product = {"name": "AI Defence", "vendor_name": "AI Defence", "version": __version__}
    return {
        "version": VERSION,
        "profiles": _PROFILES,
        "product": product,
        "uid": episode.id,
        "original_time": str(episode.at_ms),
        "tenant_uid": episode.tenant,
    }


def _message_context(episode: Episode) -> dict[str, Any]:
    code, role = _ROLES[episode.direction]
    context: dict[str, Any] = {
        "service": {"name": episode.door, "uid": episode.node},
        "ai_role_id": code,
        "ai_role": role,
    }
    return context if episode.session is None else {**context, "uid": episode.session}


def _evidence(it: Evidence) -> dict[str, Any]:
    data = {
        "category": it.category.value,
        "severity": it.severity.value,
        "score": round(it.score, 6),
        "span": [it.span.start, it.span.end],
        "content": it.content,
        "mention": it.mention,
        "chain": list(it.chain),
    }
    return {"name": it.rule_id, "data": data}


def _unmapped(episode: Episode) -> dict[str, Any]:
    entry = TAXONOMY[episode.category] if episode.category else None
    told: dict[str, Any] = {
        "action": episode.action.value,
        "digest": episode.digest,
        "caller": episode.caller,
        "tiers": list(episode.tiers),
        "degraded": [{"check": it.check, "reason": it.reason} for it in episode.degraded],
    }
    if entry is not None:
        told["owasp"] = [*entry.owasp_llm, *entry.owasp_agentic]
        told["cwe"] = list(entry.cwe)
    named = {"user": episode.user, "address": episode.address}
    return {**told, **{name: value for name, value in named.items() if value is not None}}
