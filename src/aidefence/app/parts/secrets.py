"""Secrets of this installation, each for one purpose, all from one key file in `state_dir`."""

from __future__ import annotations

import hmac
from pathlib import Path

from aidefence.adapters.keyring import KeyFile


def secret_for(purpose: str, state_dir: Path) -> bytes:
    """Derive the secret for a purpose; the file is made when it is first needed.

    Raises:
        VaultError: the file cannot be made, may be read by others, or holds something else.

    """
    [installation, *_] = KeyFile(state_dir / "installation.key").secrets()
    return hmac.digest(installation.key, purpose.encode(), "sha256")
