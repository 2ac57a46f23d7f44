"""What is kept of requests, where, and for how long."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr

from aidefence.app.settings.section import Section


class KeptContent(StrEnum):
    """What is kept of an inspected text."""

    DIGEST = "digest"
    REDACTED = "redacted"
    ENCRYPTED = "encrypted"


class StoreSettings(Section):
    """What is kept of requests, where, and for how long."""

    url: SecretStr | None = None
    """Database, as `postgresql+psycopg://…`; by default an SQLite file in `state_dir`."""
    content: KeptContent = KeptContent.DIGEST
    """What is kept of inspected texts: a keyed digest, the redacted text, or all, encrypted."""
    retention_days: float = Field(default=30, gt=0)
    """After so many days what is kept of a request is purged."""
