"""What is kept of requests, where, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from aidefence.app.settings.listing import AsWritten
from aidefence.app.settings.section import Section
from aidefence.app.settings.words import KeptContent
from aidefence.domain.enums import OnError


class StoreSettings(Section):
    """What is kept of requests, where, and for how long: [the store](store.md)."""

    url: SecretStr | None = None
    """Database, as `postgresql+psycopg://…`; by default an SQLite file in `state_dir`."""
    content: KeptContent = KeptContent.DIGEST
    """What is kept of inspected texts: a keyed digest, the redacted text, or all, encrypted."""
    content_bytes_max: int = Field(default=64 << 10, ge=0)
    """Bytes of the contents of a request from which on only the digest is kept."""
    on_error: OnError = OnError.KEEP
    """What becomes of requests that cannot be written down; in any case their answer tells it."""
    journal_bytes_max: int = Field(default=1 << 30, ge=1 << 20)
    """Bytes that may wait for the store; what comes in then cannot be written down."""
    retention_days: float = Field(default=30, gt=0)
    """After so many days what is kept of a request is purged."""
    content_retention_days: float = Field(default=7, gt=0)
    """After so many days contents are purged; never later than all else of the request."""
    feedback_retention_days: float = Field(default=730, gt=0)
    """After so many days feedback is purged."""
    review_retention_days: float = Field(default=365, gt=0)
    """After so many days cases of the review are purged."""
    review_low: float = Field(default=0.35, ge=0, le=1)
    """Confidence at which the band begins in which we are least sure."""
    review_high: float = Field(default=0.65, ge=0, le=1)
    """Confidence at which this band ends."""
    review_share: float = Field(default=0.01, ge=0, le=1)
    """How much of this band a person is asked about."""
    review_samples_max: int = Field(default=1000, ge=0)
    """How many of these samples may wait; cases that policy wants reviewed are not limited."""
    review_hours: float = Field(default=24, gt=0)
    """By when a case should be settled, in hours from the request."""
    claim_minutes: float = Field(default=30, gt=0)
    """For how long a case is of whoever claimed it."""
    jobs_waiting_max: int = Field(default=10_000, ge=1)
    """Jobs of one tenant that may wait."""
    job_threads: int = Field(default=1, ge=0, le=64)
    """Threads of each worker that do jobs; 0 leaves them to other workers or machines."""
    job_result_hours: float = Field(default=24, gt=0)
    """Hours for which the result of a job is kept."""
    webhook_hosts: Annotated[tuple[str, ...], AsWritten] = ()
    """Hosts that may be told when a job is done, as `hooks.example.com` or `10.0.0.7:8443`."""
    webhook_secret: SecretStr | None = None
    """What signs the words to webhooks, at least 16 characters; without it there are none."""
    audit_keys: Annotated[tuple[Path, ...], AsWritten] = ()
    """Public keys of other machines that sign the same audit log."""

    @field_validator("webhook_hosts", "audit_keys", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        # A variable of the environment holds a list as `a, b`.
        if not isinstance(given, str):
            return given
        return tuple(part.strip() for part in given.split(",") if part.strip())

    @field_validator("webhook_secret")
    @classmethod
    def _is_long(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and len(given.get_secret_value()) < _SECRET_CODE_POINTS_MIN:
            raise ValueError(f"expected at least {_SECRET_CODE_POINTS_MIN} characters")
        return given


_SECRET_CODE_POINTS_MIN = 16
