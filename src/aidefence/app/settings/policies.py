"""Policies: for whom a node is, how versions come into force, how proofs are kept true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from aidefence.app.settings.listing import AsWritten, split_list
from aidefence.app.settings.section import Section
from aidefence.domain.policy_store import Environment


class PolicySettings(Section):
    """Policies: which of them hold here, and how versions come into force."""

    files: Annotated[tuple[Path, ...], AsWritten] = ()
    """Files of [policies](policies.md#from-files) that hold here, beside all that is deployed."""
    environment: Environment = Environment.PRODUCTION
    """What this node is for: it follows [deployments](policy-deployment.md) to this environment."""
    model_url: str = ""
    """Where a model answers that may read conditions which the grammar does not, up to `/v1`."""
    model: str = ""
    """The name of that model."""
    model_key: SecretStr | None = None
    """The key that it is shown."""
    stage_minutes: float = Field(default=10, gt=0)
    """Minutes after which a gradual roll-out that does well reaches twice as many sessions."""
    decisions_min: int = Field(default=200, ge=10)
    """Decisions with and without a new version before anything is said about it."""
    blocks_rise_max: float = Field(default=0.05, ge=0, le=1)
    """By how much the share of blocked requests may rise before a roll-out is taken back."""
    errors_rise_max: float = Field(default=0.01, ge=0, le=1)
    """By how much the share of failed decisions may rise before a roll-out is taken back."""
    slower_max: float = Field(default=1.5, ge=1)
    """How many times the time of before (p95) decisions may take before it is taken back."""
    watch_minutes: float = Field(default=10, gt=0)
    """Minutes after which everything that counts as proved is looked at again."""
    certificate_days: int = Field(default=90, ge=1, le=3650)
    """Days until a certificate expires; in the last tenth of them it is made anew."""
    prove_seconds_max: float = Field(default=300, gt=0)
    """Seconds that the proofs of one version may take."""
    prove_bytes_max: int = Field(default=4 << 30, ge=1 << 28)
    """Bytes of memory that proofs may take, in a process of their own."""

    @field_validator("files", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return split_list(given)
