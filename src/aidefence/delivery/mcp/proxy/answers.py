"""What the proxy says itself: errors in the shape of the protocol, and notes beside results."""

from __future__ import annotations

from typing import Any

from aidefence.delivery.mcp.codes import Code
from aidefence.delivery.mcp.proxy.frames import Id, Message
from aidefence.domain.enums import Action
from aidefence.domain.relaying import Reason, Ruled

NOTE = "aidefence/decision"
_TOLD_MAX = 300


def error(id_: Id | None, code: Code, reason: str, data: object = None) -> Message:
    """Refuse a request."""
    told: dict[str, Any] = {"code": int(code), "message": reason}
    if data is not None:
        told["data"] = data
    return {"jsonrpc": "2.0", "id": id_, "error": told}


def blocked(id_: Id, what: str, ruled: Ruled) -> Message:
    """Refuse what must not pass, with the reason; the text itself is not told."""
    why = f": {ruled.reasons[0].explanation[:_TOLD_MAX]}" if ruled.reasons else ""
    return error(id_, Code.BLOCKED, f"AI Defence stopped {what}{why}", decision(ruled))


def decision(ruled: Ruled) -> dict[str, Any]:
    """Tell what was decided, and why."""
    return {
        "action": ruled.action.value,
        "enforced": ruled.stopped or ruled.action is Action.REDACT,
        "findings": [_finding(it) for it in ruled.reasons],
    }


def noted(result: Message, note: object) -> Message:
    """Put a note beside a result, where the protocol leaves room for it."""
    meta = result.get("_meta")
    kept = meta if isinstance(meta, dict) else {}
    return {**result, "_meta": {**kept, NOTE: note}}


def _finding(reason: Reason) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ruleId": reason.rule_id,
        "category": reason.category.value,
        "severity": reason.severity.value,
        "action": reason.action.value,
        "explanation": reason.explanation[:_TOLD_MAX],
    }
    if reason.pointer:
        told["pointer"] = reason.pointer
    if reason.span is not None:
        told["span"] = {"start": reason.span.start, "end": reason.span.end}
    return told
