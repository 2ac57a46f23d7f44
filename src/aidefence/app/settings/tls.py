"""Certificates of the gateway and of its clients."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from aidefence.app.settings.section import Section


class TlsSettings(Section):
    """Certificates of the gateway and of its clients; files are read again when they change."""

    certificate: Path | None = None
    """File with the certificate of the gateway and those that lead to its issuer (PEM)."""
    key: Path | None = None
    """File with its private key (PEM)."""
    key_password: SecretStr | None = None
    """Opens the private key, if it is locked."""
    version_min: Literal["1.2", "1.3"] = "1.2"
    """The oldest version of TLS that is spoken."""
    client_ca: Path | None = None
    """File with the issuers of client certificates (PEM): then every client must show one."""
