"""Keys of a vault in a file that only its owner may read; the newest one stands first."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from aidefence.domain.errors import VaultError
from aidefence.domain.vaulting import Secret

_KEY_BYTES = 32
_LINE = re.compile(r"([0-9a-z]{1,32}):([0-9a-f]{64})")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFile:
    """Reads keys, makes the first one, and puts a new one before the others."""

    __slots__ = ("_path", "_read")

    def __init__(self, path: Path) -> None:
        """Open the file; where there is none, make one with a fresh key, for the owner alone."""
        self._path = path
        self._read: tuple[tuple[int, int, int], tuple[Secret, ...]] | None = None
        if not path.exists():
            with suppress(FileExistsError):
                self._write_new(path, [_fresh()])
        self.secrets()

    def secrets(self) -> tuple[Secret, ...]:
        """Read all keys, the active one first.

        Raises:
            VaultError: others may read the file, or it holds something else.

        """
        try:
            info = self._path.stat()
            # Another process may have put a new key there.
            version = (info.st_ino, info.st_mtime_ns, info.st_mode)
            read = self._read
            if read is not None and read[0] == version:
                return read[1]
            lines = self._path.read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise VaultError(f"cannot read keys `{self._path}`") from error
        if info.st_mode & _OTHERS:
            raise VaultError(f"keys `{self._path}` may be read by others: chmod 600")
        found = [_LINE.fullmatch(line) for line in lines]
        secrets = [Secret(it[1], bytes.fromhex(it[2])) for it in found if it is not None]
        if not secrets or len(secrets) != len(lines):
            raise VaultError(f"keys `{self._path}` are none: expected lines of `id:64 hex digits`")
        self._read = version, tuple(secrets)
        return self._read[1]

    def rotate(self, keep: frozenset[str]) -> str:
        """Put a fresh key first; of the others only those stay that are named or were active."""
        old = self.secrets()
        new = _fresh()
        kept = [it for it in old if it.key_id in keep or it == old[0]]
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            self._write_new(draft, [new, *kept])
            draft.replace(self._path)
        finally:
            draft.unlink(missing_ok=True)
        return new.key_id

    @staticmethod
    def _write_new(path: Path, secrets: list[Secret]) -> None:
        # Whole or not at all: another process may be reading.
        text = "".join(f"{it.key_id}:{it.key.hex()}\n" for it in secrets)
        draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="ascii") as stream:  # noqa: PTH123 - a handle
                stream.write(text)
                stream.flush()
                # What is sealed with it outlives a loss of power: so must the key.
                os.fsync(stream.fileno())
            os.link(draft, path)
        except FileExistsError:
            raise
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise VaultError(f"cannot write keys `{path}`: {reason}") from error
        finally:
            draft.unlink(missing_ok=True)


def _fresh() -> Secret:
    return Secret(os.urandom(4).hex(), os.urandom(_KEY_BYTES))
