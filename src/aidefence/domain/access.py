"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody may do at a door."""

    DETECT = "detect"
    PROXY = "proxy"
    FEEDBACK = "feedback"
    READ_REQUESTS = "requests:read"
    READ_METRICS = "metrics:read"
    READ_FEED = "feed:read"
    READ_RULES = "rules:read"
    REVIEW = "review"
    OPERATE = "operate"
    READ_AUDIT = "audit:read"
    MANAGE_KEYS = "keys:manage"
    ERASE_USERS = "users:erase"
    READ_POLICIES = "policies:read"
    WRITE_POLICIES = "policies:write"
    DEPLOY_POLICIES = "policies:deploy"


class Role(StrEnum):
    """What somebody is to this installation."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    OPERATOR = "operator"
    ADMIN = "admin"
    SERVICE = "service"


_SEES = frozenset(
    {
        Permission.READ_METRICS,
        Permission.READ_FEED,
        Permission.READ_RULES,
        Permission.READ_REQUESTS,
        Permission.READ_POLICIES,
    }
)
_ASKS = frozenset({Permission.DETECT, Permission.PROXY, Permission.FEEDBACK})
_JUDGES = _SEES | _ASKS | {Permission.REVIEW, Permission.WRITE_POLICIES}
GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _SEES,
    Role.ANALYST: _JUDGES,
    Role.OPERATOR: _JUDGES
    | {Permission.OPERATE, Permission.READ_AUDIT, Permission.DEPLOY_POLICIES},
    Role.ADMIN: frozenset(Permission),
    # An application: it asks, and looks at what it asked itself.
    Role.SERVICE: _ASKS | {Permission.READ_REQUESTS},
}


class Plan(StrEnum):
    """What a tenant has agreed on, which decides its limits."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody shows to be let in. Its repr stays silent about the secrets."""

    key: str | None = field(default=None, repr=False)
    """An API key, from `Authorization: Bearer` or `X-API-Key`."""
    token: str | None = field(default=None, repr=False)
    """A signed token (JWT)."""
    session: str | None = field(default=None, repr=False)
    """The cookie of somebody who is signed in with a browser."""
    csrf: str | None = field(default=None, repr=False)
    """What such a browser must send besides, to change something."""
    certificate: tuple[str, ...] = ()
    """The names in a client's certificate, which somebody whom we trust has checked."""
    changes: bool = False
    """Whether what is asked changes something, as a POST does."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in."""

    id: str
    """Names the key, token or session; never holds a secret."""
    role: Role
    permissions: frozenset[Permission]
    tenant: str = "default"
    plan: Plan = Plan.ENTERPRISE

    def may(self, permission: Permission) -> bool:
        """Whether this is allowed."""
        return permission in self.permissions


LOCAL = Caller("local", Role.ADMIN, GRANTS[Role.ADMIN])
"""Whoever asks a gateway without keys, which listens on this machine alone."""

UNKNOWN = Caller("unknown", Role.VIEWER, frozenset())
"""Somebody who asks for what everybody may have."""
