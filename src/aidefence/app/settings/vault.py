"""Where a vault keeps its values, and for how long."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from aidefence.app.settings.section import Section


class VaultSettings(Section):
    """Where a [vault](sanitising.md#a-vault) keeps its values, and for how long."""

    path: Path | None = None
    """File of a vault, for `Vault.from_config`; by default in memory."""
    key: SecretStr | None = None
    """Its key, at least 16 characters; better a variable than a file."""
    key_file: Path | None = None
    """A file of keys, made when it is first needed; by default `path` and `.key`."""
    ttl_seconds: float = Field(default=86_400, gt=0)
    """After so long without a new value a session is forgotten."""
