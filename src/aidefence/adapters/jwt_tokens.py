"""Signed tokens (JWT) of an identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import jwt

from aidefence.adapters.jwks import KeySet
from aidefence.domain.access import GRANTS, Caller, Plan, Role
from aidefence.domain.api_key import TENANT_SHAPE
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnauthenticatedError
from aidefence.ports.clock import Clock

# Signed by a key that only the other side has. Never `none`, never a secret that both sides share:
# with those, whoever knows the public key could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_TOKEN_LEN_MAX = 16 << 10
_SUBJECT_LEN_MAX = 256
_KNOWN_MAX = 4096
_MS_PER_SECOND = 1000
_REQUIRED = ("exp", "iss", "aud", "sub")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """Which tokens are trusted, and what they say. Claims may be paths with dots."""

    issuer: str
    audience: tuple[str, ...]
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    leeway_seconds: int = 30
    role_claim: str = "role"
    roles: Mapping[str, Role] = field(default_factory=dict)
    """What a claim must say for which role; by default the name of the role."""
    tenant_claim: str | None = None
    plan_claim: str | None = None
    plan: Plan = Plan.ENTERPRISE


class JwtTokens:
    """Reads tokens. Safe to share between threads."""

    __slots__ = ("_clock", "_generation", "_keys", "_known", "_roles", "_rules")

    def __init__(self, rules: TokenRules, keys: KeySet, clock: Clock) -> None:
        """Trust what the rules say.

        Raises:
            ConfigError: they name an algorithm that must not be trusted, or nobody to trust.

        """
        unknown = sorted({*rules.algorithms} - {*ALGORITHMS})
        if unknown or not rules.algorithms:
            raise ConfigError(f"tokens may be signed by {', '.join(ALGORITHMS)}: not by {unknown}")
        if not rules.issuer or not rules.audience:
            raise ConfigError("tokens need an issuer and an audience to be held against")
        self._rules = rules
        self._roles = rules.roles or {role.value: role for role in Role}
        self._keys = keys
        self._clock = clock
        self._known: dict[bytes, tuple[Caller, int]] = {}
        self._generation = keys.generation

    def __call__(self, token: str) -> Caller:
        """Return who is named by a token.

        Raises:
            UnauthenticatedError: it is not to be trusted, or names nobody we know.
            UnavailableError: the keys that it is signed with cannot be had.

        """
        if len(token) > _TOKEN_LEN_MAX or not token.isascii():
            raise UnauthenticatedError("this is no signed token")
        if self._generation != self._keys.generation:
            # A key may have been taken back.
            self._generation, self._known = self._keys.generation, {}
        digest = sha256(token.encode("ascii")).digest()
        known = self._known.get(digest)
        if known is not None and self._clock.now_ms() < known[1]:
            self._keys.look()
            return known[0]
        claims = self._verified(token)
        caller = self._caller(claims)
        if len(self._known) >= _KNOWN_MAX:
            self._known = {}
        expires_ms = (int(claims["exp"]) + self._rules.leeway_seconds) * _MS_PER_SECOND
        self._known[digest] = caller, expires_ms
        return caller

    def _verified(self, token: str) -> dict[str, Any]:
        rules = self._rules
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise UnauthenticatedError("this is no signed token") from None
        algorithm, name = header.get("alg"), header.get("kid")
        if algorithm not in rules.algorithms:
            raise UnauthenticatedError(f"tokens are signed by {', '.join(rules.algorithms)} here")
        key = self._keys.find(name)
        # The key says what it is for: what a token says of itself was written by whoever sent it.
        if key is None or key.algorithm_name != algorithm:
            raise UnauthenticatedError("this token is signed with a key that nobody vouches for")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=rules.audience,
                issuer=rules.issuer,
                leeway=rules.leeway_seconds,
                options={"require": list(_REQUIRED)},
            )
        except jwt.ExpiredSignatureError:
            raise UnauthenticatedError("this token has expired") from None
        except jwt.MissingRequiredClaimError as error:
            raise UnauthenticatedError(f"this token has no claim `{error.claim}`") from None
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError):
            raise UnauthenticatedError("this token is of or for somebody else") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise UnauthenticatedError("this token is not to be trusted") from None
        return claims

    def _caller(self, claims: dict[str, Any]) -> Caller:
        rules, subject = self._rules, claims["sub"]
        if not 0 < len(subject) <= _SUBJECT_LEN_MAX or not subject.isprintable():
            raise UnauthenticatedError("this token has a subject that is no name")
        named = _claim(claims, rules.role_claim)
        listed = named if isinstance(named, list) else [named]
        roles = [self._roles[it] for it in listed if isinstance(it, str) and it in self._roles]
        if not roles:
            raise UnauthenticatedError(f"this token names no role in `{rules.role_claim}`")
        role = max(roles, key=lambda it: len(GRANTS[it]))
        tenant, plan = "default", rules.plan
        if rules.tenant_claim is not None:
            tenant = _claim(claims, rules.tenant_claim)
            if not isinstance(tenant, str) or not TENANT_SHAPE.fullmatch(tenant):
                raise UnauthenticatedError(f"this token names no tenant in `{rules.tenant_claim}`")
        if rules.plan_claim is not None:
            said = _claim(claims, rules.plan_claim)
            if said not in set(Plan):
                raise UnauthenticatedError(f"this token names no plan in `{rules.plan_claim}`")
            plan = Plan(said)
        return Caller(f"jwt:{subject}", role, GRANTS[role], tenant, plan)


def _claim(claims: dict[str, Any], path: str) -> Any:  # noqa: ANN401 -- whatever was signed
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
