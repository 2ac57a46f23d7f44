"""What the proxy tells whoever watches it: what was stopped or odd, never what it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from aidefence.domain.enums import Action
from aidefence.domain.relaying import Ruled

_NAME_MAX = 120


class Kind(StrEnum):
    """What happened."""

    BLOCKED = "blocked"
    WITHHELD = "withheld"
    REDACTED = "redacted"
    FLAGGED = "flagged"
    REFUSED = "refused"
    IGNORED = "ignored"
    LATE = "late"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: to which method, about which tool or place, by which rules."""

    kind: Kind
    method: str = ""
    name: str = ""
    action: Action = Action.ALLOW
    rules: tuple[str, ...] = ()
    reason: str = ""

    def line(self) -> str:
        """Write it as one line of JSON; a name from elsewhere cannot break out of it."""
        told = {
            "event": self.kind.value,
            "method": self.method[:_NAME_MAX],
            "name": self.name[:_NAME_MAX],
            "action": "" if self.action is Action.ALLOW else self.action.value,
            "rules": list(self.rules),
            "reason": self.reason[:_NAME_MAX],
        }
        return json.dumps({"aidefence": {key: it for key, it in told.items() if it}})


Tell: TypeAlias = Callable[[Event], None]


def ruled_event(kind: Kind, method: str, name: str, ruled: Ruled) -> Event:
    """Tell of a ruling."""
    rules = tuple(dict.fromkeys(it.rule_id for it in ruled.reasons))
    return Event(kind, method, name, ruled.action, rules)
