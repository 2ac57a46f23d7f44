"""The key with which this installation signs its audit log: Ed25519, in a file for its owner."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from aidefence.domain.errors import ConfigError

_KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_KEY_ID_LEN = 16


class SigningKey:
    """Signs, and knows its own signatures and those of keys that are told to it.

    The package that does it is loaded when something is first signed, or a signature looked at.
    """

    __slots__ = ("_opened", "_secret", "_trusted")

    def __init__(self, path: Path) -> None:
        """Read the key; where there is none, make one, with its public half beside it.

        Raises:
            ConfigError: others may read the file, or it holds something else.

        """
        if not path.exists():
            with suppress(FileExistsError):
                _write_new(path, os.urandom(_KEY_BYTES))
        self._secret = _read(path)
        self._trusted: list[bytes] = []
        self._opened: _Opened | None = None
        shown = path.with_suffix(".pub")
        if not shown.exists():
            shown.write_text(self._open().public.hex() + "\n", "ascii")

    @property
    def key_id(self) -> str:
        """The name of the key that signs."""
        return name_of(self._open().public)

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
        signature: bytes = self._open().private.sign(message)
        return signature

    def trust(self, public: bytes) -> None:
        """Take the signatures of another key for good, too."""
        self._trusted.append(public)
        self._opened = None

    def verify(self, key_id: str, signature: bytes, message: bytes) -> str | None:
        """Say what is wrong with a signature; none if nothing is."""
        key = self._open().known.get(key_id)
        if key is None:
            return f"signed by a key that is not known here, `{key_id}`"
        try:
            key.verify(signature, message)
        except import_module("cryptography.exceptions").InvalidSignature:
            return "its signature is wrong"
        return None

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None:
            ed25519: Any = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
            private = ed25519.Ed25519PrivateKey.from_private_bytes(self._secret)
            public: bytes = private.public_key().public_bytes_raw()
            read = ed25519.Ed25519PublicKey.from_public_bytes
            known = {name_of(it): read(it) for it in (public, *self._trusted)}
            opened = self._opened = _Opened(private, public, known)
        return opened


@dataclass(frozen=True, slots=True)
class _Opened:
    """Keys as the package has them that uses them."""

    private: Any
    public: bytes
    known: Mapping[str, Any]


def read_public(path: Path) -> bytes:
    """Read a public key, as it lies beside the private one."""
    try:
        public = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read public key `{path}`: expected 64 hex digits") from error
    if len(public) != _KEY_BYTES:
        raise ConfigError(f"public key `{path}` has {len(public)} bytes, not {_KEY_BYTES}")
    return public


def name_of(public: bytes) -> str:
    """Name a key by its public half."""
    return sha256(public).hexdigest()[:_KEY_ID_LEN]


def _read(path: Path) -> bytes:
    try:
        mode, data = path.stat().st_mode, path.read_text("ascii").strip()
        key = bytes.fromhex(data)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read signing key `{path}`: expected 64 hex digits") from error
    if mode & _OTHERS:
        raise ConfigError(f"signing key `{path}` may be read by others: chmod 600")
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"signing key `{path}` has {len(key)} bytes, not {_KEY_BYTES}")
    return key


def _write_new(path: Path, key: bytes) -> None:
    # Whole or not at all: another process may be making one as well.
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(key.hex() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot write signing key `{path}`: {reason}") from error
    finally:
        draft.unlink(missing_ok=True)
