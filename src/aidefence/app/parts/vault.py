"""The vault of the installation: one file for all workers, opened when somebody first asks."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from aidefence.app.guard import Guard
from aidefence.app.vault import Vault
from aidefence.domain.rewrite import Rewrite, RewrittenContent

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_FILE = "vault.db"


class SharedVault:
    """Exchanges values for tokens and back, in any worker of the same session."""

    __slots__ = ("_opening", "_settings", "_vault")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = Lock()
        self._vault: Vault | None = None

    def anonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Exchange private data for tokens."""
        return self._open().anonymize(content, session=session)

    def deanonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Put the values of a session back."""
        return self._open().deanonymize(content, session=session)

    def _open(self) -> Vault:
        with self._opening:
            if self._vault is None:
                given = self._settings.vault
                path = given.path or self._settings.state_dir / _FILE
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._vault = Vault(
                    Guard.of(self._settings.setup()),
                    path=path,
                    key=None if given.key is None else given.key.get_secret_value().encode(),
                    key_file=given.key_file,
                    ttl_seconds=given.ttl_seconds,
                )
            return self._vault
