"""The vault of the installation: one file for all workers, opened when somebody first asks."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from aidefence.app.guard import Guard
from aidefence.app.vault import Vault, open_keeper
from aidefence.domain.rewrite import Rewrite, RewrittenContent
from aidefence.ports.erasing import NamedSession
from aidefence.service.guarding import session_of_tenant
from aidefence.service.proxy_private import session_name

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_FILE = "vault.db"


def place_of(settings: Settings) -> Path:
    """Name the file of the vault that all workers share."""
    return settings.vault.path or settings.state_dir / _FILE


def forget_session(settings: Settings, it: NamedSession) -> bool:
    """Delete the values of a session, by both names that doors give it; says if there were any.

    Raises:
        VaultError: file or keys cannot be used.

    """
    given, path = settings.vault, place_of(settings)
    if not path.exists():
        return False
    key = None if given.key is None else given.key.get_secret_value().encode()
    keeper = open_keeper(path, key, given.key_file, given.ttl_seconds)
    names = (
        session_of_tenant(it.tenant, it.session),
        session_name(it.tenant, it.caller, it.session),
    )
    return sum(map(keeper.forget, names)) > 0


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
                path = place_of(self._settings)
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._vault = Vault(
                    Guard.of(self._settings.setup()),
                    path=path,
                    key=None if given.key is None else given.key.get_secret_value().encode(),
                    key_file=given.key_file,
                    ttl_seconds=given.ttl_seconds,
                )
            return self._vault
