"""Who is let in: keys, sessions and signed tokens, as the settings say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.keys import DatabaseKeys
from aidefence.adapters.system import SystemClock
from aidefence.app.addresses import is_exposed
from aidefence.app.parts.secrets import secret_for
from aidefence.domain.access import GRANTS, Caller
from aidefence.service.audit import Audit
from aidefence.service.doorkeeper import Doorkeeper
from aidefence.service.gate import Gate
from aidefence.service.keyring import KeyRing
from aidefence.service.keys import Keys
from aidefence.service.sessions import Sessions
from aidefence.service.turned_away import TurnedAway

if TYPE_CHECKING:
    from aidefence.adapters.jwt_tokens import JwtTokens
    from aidefence.app.settings import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """All that knows callers, over one database."""

    ring: KeyRing
    keys: Keys
    sessions: Sessions
    gate: Gate
    away: TurnedAway


def open_access(settings: Settings, database: Database, audit: Audit) -> Access:
    """Open what knows callers.

    Raises:
        ConfigError: what is set about signed tokens cannot hold.
        VaultError: the key of this installation cannot be used.

    """
    store, clock, auth = DatabaseKeys(database), SystemClock(), settings.auth
    pepper = secret_for("api-keys", settings.state_dir)
    ring = KeyRing(store, pepper, clock)
    keys = Keys(store, ring, pepper, clock, os.urandom, audit, database.together)
    away = TurnedAway(audit, clock)
    sessions = Sessions(
        store,
        ring,
        secret_for("sessions", settings.state_dir),
        clock,
        os.urandom,
        audit,
        database.together,
        auth.session_seconds,
        away,
    )
    required = auth.required or is_exposed(settings)
    doorkeeper = Doorkeeper(
        ring, sessions, open_tokens(settings), _by_certificate(settings), required=required
    )
    return Access(ring, keys, sessions, Gate(doorkeeper, away), away)


def has_keys(settings: Settings, database: Database) -> bool:
    """Whether nobody is let in who shows nothing."""
    auth = settings.auth
    if auth.required or auth.jwt is not None or auth.certificates:
        return True
    pepper = secret_for("api-keys", settings.state_dir)
    return not KeyRing(DatabaseKeys(database), pepper, SystemClock()).empty


def _by_certificate(settings: Settings) -> dict[str, Caller]:
    return {
        it.name: Caller(f"certificate:{it.name}", it.role, GRANTS[it.role], it.tenant, it.plan)
        for it in settings.auth.certificates
    }


def open_tokens(settings: Settings) -> JwtTokens | None:
    """Open what reads signed tokens, where somebody signs them; nobody is asked for keys yet.

    Raises:
        ConfigError: there is no safe way to their keys, or a signature that anybody could make.

    """
    chosen = settings.auth.jwt
    if chosen is None:
        return None
    # Loaded only where it is used: it is as large as all else that lets people in.
    jwks: Any = import_module("aidefence.adapters.jwks")
    tokens: Any = import_module("aidefence.adapters.jwt_tokens")
    rules = tokens.TokenRules(
        issuer=chosen.issuer,
        audience=chosen.audience,
        algorithms=chosen.algorithms,
        leeway_seconds=chosen.leeway_seconds,
        role_claim=chosen.role_claim,
        roles=chosen.roles,
        tenant_claim=chosen.tenant_claim,
        plan_claim=chosen.plan_claim,
        plan=chosen.plan,
    )
    keys = jwks.KeySet(chosen.jwks or chosen.issuer, discovers=chosen.jwks is None)
    made: JwtTokens = tokens.JwtTokens(rules, keys, SystemClock())
    return made
