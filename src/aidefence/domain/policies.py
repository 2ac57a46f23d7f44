"""Words for policies: what their counts belong to, and what may be proved about them."""

from __future__ import annotations

from aidefence.domain.enums import Coded


class Scope(Coded):
    """Whose events a history or a count looks back on."""

    SESSION = "session"
    USER = "user"
    TENANT = "tenant"


class PropertyKind(Coded):
    """What kind of thing is claimed about a policy."""

    DECIDES = "decides"
    POSSIBLE = "possible"
    LIVE = "live"
    NO_CONFLICT = "no_conflict"
    COMPLETE = "complete"
    MONOTONE = "monotone"
    RATE = "rate"
    TEMPORAL = "temporal"
    REFINES = "refines"
    EQUIVALENT = "equivalent"
