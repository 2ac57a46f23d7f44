"""Forgetting a person, in every place of this installation that keeps something of them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.store.erasing import ErasureTable
from aidefence.app.parts.store import Store
from aidefence.app.parts.talks import forget_talk
from aidefence.ports.erasing import NamedSession
from aidefence.service.erasing import Erasure
from aidefence.service.sealing import derived
from aidefence.service.talks import name_of_talk

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_DIGEST_BYTES = 16


def open_erasure(settings: Settings, store: Store) -> Erasure:
    """Tie together all that forgets.

    Raises:
        VaultError: the key of the installation cannot be used.

    """
    secret = KeyFile(settings.state_dir / "installation.key").secrets()[-1].key
    key = derived(secret, b"users")

    def digest(tenant: str, user: str) -> str:
        said = f"{len(tenant)}:{tenant}{user}".encode("utf-8", "surrogatepass")
        return blake2b(said, key=key, digest_size=_DIGEST_BYTES).hexdigest()

    def forget_messages(it: NamedSession) -> bool:
        return forget_talk(settings, name_of_talk(it.tenant, it.caller, it.session))

    def forget_private(it: NamedSession) -> bool:
        # Loaded only where somebody is forgotten: it brings all of a guard.
        from aidefence.app.parts.vault import forget_session  # noqa: PLC0415

        return forget_session(settings, it)

    table = ErasureTable(store.database, store.folding, settings.state_dir / "journal")
    places = (forget_messages, forget_private)
    return Erasure(table, store.jobs, places, store.audit, digest)
