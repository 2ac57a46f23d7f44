"""How callers prove who they are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from aidefence.app.settings.section import Section
from aidefence.domain.access import Plan, Role
from aidefence.domain.api_key import TENANT_SHAPE
from aidefence.service.sessions import SESSION_SECONDS

_Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"
]


class JwtSettings(Section):
    """Signed tokens of an identity provider."""

    issuer: str = Field(min_length=1)
    """Who must have issued a token, as its `iss` says."""
    audience: tuple[str, ...] = Field(min_length=1)
    """For whom it must be, as its `aud` says: one of these."""
    jwks: str | None = Field(default=None, min_length=1)
    """The public keys: the path of a file, or a URL (https, or http on this machine); by default
    the issuer's discovery document names it."""
    algorithms: tuple[_Algorithm, ...] = ("RS256", "ES256", "EdDSA")
    """Signatures that are trusted."""
    leeway_seconds: int = Field(default=30, ge=0, le=300)
    """By how much clocks may differ."""
    role_claim: str = "role"
    """The claim that names the role; dots lead into objects."""
    roles: dict[str, Role] = Field(default_factory=dict)
    """What the claim must say for which role; by default the role's own name."""
    tenant_claim: str | None = None
    """The claim that names the tenant; by default all are of the tenant `default`."""
    plan_claim: str | None = None
    """The claim that names the plan."""
    plan: Plan = Plan.ENTERPRISE
    """The plan where no claim names one."""


class CertificateSettings(Section):
    """A caller who is known by a certificate."""

    name: str = Field(min_length=1, max_length=256)
    """A name that stands in it: a URI, a DNS name, or the common name of its subject."""
    role: Role = Role.SERVICE
    """What the caller may."""
    tenant: str = Field(default="default", pattern=f"^{TENANT_SHAPE.pattern}$")
    """Whose caller it is."""
    plan: Plan = Plan.ENTERPRISE
    """How much it may ask."""


class AuthSettings(Section):
    """How callers prove who they are."""

    required: bool = False
    """Let nobody in without a key, even while none was ever made."""
    session_seconds: int = Field(default=SESSION_SECONDS, ge=60, le=30 * 86_400)
    """After so long a browser must sign in again."""
    jwt: JwtSettings | None = None
    """Signed tokens: `issuer`, `audience`, `jwks`, and [more](access.md#signed-tokens)."""
    certificates: tuple[CertificateSettings, ...] = ()
    """Callers by [certificate](access.md#certificates): `name`, `role`, `tenant`, `plan`."""

    @field_validator("certificates")
    @classmethod
    def _names_once(cls, told: tuple[CertificateSettings, ...]) -> tuple[CertificateSettings, ...]:
        names = [it.name for it in told]
        twice = sorted({it for it in names if names.count(it) > 1})
        if twice:
            raise ValueError(f"two callers have the name {', '.join(map(repr, twice))}")
        return told
