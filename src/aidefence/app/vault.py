"""The front door of vaults: values out of a text before a model reads it, and back afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import overload

from aidefence.adapters.cipher import AesGcm, Unsealed
from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.system import SystemClock
from aidefence.adapters.vault_memory import MemoryVault
from aidefence.adapters.vault_sqlite import SqliteVault
from aidefence.app import sanitise
from aidefence.app.guard import Guard
from aidefence.app.wiring import corridor_for
from aidefence.domain.enums import Category, Direction, Origin
from aidefence.domain.errors import SettingError, VaultError
from aidefence.domain.rewrite import Rewrite, RewrittenContent
from aidefence.domain.vaulting import Secret
from aidefence.ports.cipher import Cipher
from aidefence.ports.vault import VaultStore
from aidefence.respond.restoring import Restorer
from aidefence.service.anonymize import Anonymizer
from aidefence.service.vault import Keeper

TTL_SECONDS = 86_400
_TTL_SECONDS_MAX = 10 * 365 * 86_400
_KEY_BYTES = 32
_GIVEN = "given"


class Vault:
    """Exchanges private data and secrets for tokens, and back. Share it between threads.

    Values are kept by session: the same value of one session always gets the same token, and no
    session sees another's.
    """

    __slots__ = ("_anonymizer", "_keeper", "_key_file")

    def __init__(
        self,
        guard: Guard | None = None,
        *,
        path: Path | str | None = None,
        key: bytes | None = None,
        key_file: Path | str | None = None,
        ttl_seconds: float = TTL_SECONDS,
        categories: Iterable[Category | str] = sanitise.PRIVATE,
        entities: Iterable[str] | None = None,
        min_score: float | None = None,
    ) -> None:
        """Open a vault in memory, or the file `path`, which threads and processes may share.

        A file is encrypted under `key`, at least 16 bytes, or under the keys of `key_file`. Without
        either there is a key file beside it, `path` and `.key`, made when it is first needed. A
        session that is not written to for `ttl_seconds` is forgotten. `categories`, `entities` and
        `min_score` say what is private, as in `Guard.redact`.

        Raises:
            VaultError: file or keys cannot be used.

        """
        if not 0 < ttl_seconds <= _TTL_SECONDS_MAX:
            raise SettingError("ttl_seconds", f"`{ttl_seconds}` is not between 0 and ten years")
        if key is not None and key_file is not None:
            raise SettingError("key", "given twice: as `key` and as `key_file`")
        corridor = corridor_for((guard or Guard()).setup)
        wanted = sanitise.make_wanted(
            corridor, categories=categories, entities=entities, min_score=min_score
        )
        self._key_file = _key_file(path, key, key_file)
        self._keeper = _keeper(path, key, self._key_file, ttl_seconds)
        locator = sanitise.make_locator(corridor, Origin.USER.code, Direction.INPUT.code)
        self._anonymizer = Anonymizer(locator, self._keeper, wanted)

    @overload
    def anonymize(  # type: ignore[overload-overlap]  # a text is told apart before other data
        self, content: str, *, session: str
    ) -> Rewrite: ...

    @overload
    def anonymize(self, content: object, *, session: str) -> RewrittenContent: ...

    def anonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Exchange private data in a text, in chat messages or in data that JSON can hold."""
        return _told(content, self._anonymizer.anonymize(content, session))

    @overload
    def deanonymize(  # type: ignore[overload-overlap]  # the same
        self, content: str, *, session: str
    ) -> Rewrite: ...

    @overload
    def deanonymize(self, content: object, *, session: str) -> RewrittenContent: ...

    def deanonymize(self, content: object, *, session: str) -> Rewrite | RewrittenContent:
        """Put the values of a session back; whatever else looks like a token stays."""
        return _told(content, self._anonymizer.deanonymize(content, session))

    @classmethod
    def from_config(cls, path: Path | str | None = None, *, guard: Guard | None = None) -> Vault:
        """Open the vault that a TOML file and the variables `AIDEFENCE_VAULT__…` describe."""
        # Reading settings costs more than all the rest of the import.
        from aidefence.app.settings import read_settings  # noqa: PLC0415

        settings = read_settings(None if path is None else Path(path))
        given = settings.vault
        return cls(
            guard or Guard.of(settings.setup()),
            path=given.path,
            key=None if given.key is None else given.key.get_secret_value().encode(),
            key_file=given.key_file,
            ttl_seconds=given.ttl_seconds,
        )

    def restorer(self, session: str, *, in_json: bool = False) -> Restorer:
        """Make what puts values back while an answer comes in.

        It knows the kinds of values that the session holds by now. `in_json` is for a stream that
        stands inside a JSON string, such as the arguments of a tool call.
        """
        return Restorer(*self._keeper.reading(session), in_json=in_json)

    @property
    def keeper(self) -> Keeper:
        """What keeps the values, for doors that look for them by themselves."""
        return self._keeper

    def forget(self, session: str) -> bool:
        """Delete a session and all its values; says whether there was one."""
        return self._keeper.forget(session)

    def purge(self) -> int:
        """Delete sessions that have expired; says how many. Writing does so now and then."""
        return self._keeper.purge()

    def rotate(self) -> str:
        """Put a fresh key first in the key file, for new sessions; gives its id.

        Keys stay as long as a session is open under them.
        """
        if self._key_file is None:
            raise VaultError("only keys of a key file can be rotated")
        return self._key_file.rotate(self._keeper.key_ids())

    def __repr__(self) -> str:
        return "Vault()"


def open_keeper(path: Path, key: bytes | None, key_file: Path | None, ttl: float) -> Keeper:
    """Open what keeps the values of a file, for whoever only deletes them.

    Raises:
        VaultError: file or keys cannot be used.

    """
    return _keeper(path, key, _key_file(path, key, key_file), ttl)


def _keeper(
    path: Path | str | None, key: bytes | None, key_file: KeyFile | None, ttl_seconds: float
) -> Keeper:
    store, cipher = _open(None if path is None else Path(path))
    ttl_ms = int(ttl_seconds * 1000)
    return Keeper(store, cipher, _keys(key_file, key), SystemClock(), ttl_ms=ttl_ms)


def _open(path: Path | None) -> tuple[VaultStore, Cipher]:
    if path is None:
        return MemoryVault(), Unsealed()
    # Without what encrypts, no file is made.
    cipher = AesGcm()
    return SqliteVault(path), cipher


def _key_file(
    path: Path | str | None, key: bytes | None, named: Path | str | None
) -> KeyFile | None:
    if named is not None:
        return KeyFile(Path(named))
    return None if path is None or key is not None else KeyFile(Path(f"{path}.key"))


def _keys(file: KeyFile | None, key: bytes | None) -> Callable[[], Sequence[Secret]]:
    if file is not None:
        return file.secrets
    given = os.urandom(_KEY_BYTES) if key is None else sanitise.check_key(key)
    secrets = (Secret(_GIVEN, given),)
    return lambda: secrets


def _told(content: object, done: RewrittenContent) -> Rewrite | RewrittenContent:
    if not isinstance(content, str):
        return done
    inner = done.parts[0][1] if done.parts else Rewrite(content)
    return Rewrite(inner.text, inner.changes, done.degraded)
