"""AES-GCM. The package that does it is loaded when a value is first sealed."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from typing import Any

_NONCE_BYTES = 12


class AesGcm:
    """AES-256-GCM with a random nonce of 96 bits before each sealed value."""

    __slots__ = ()

    def seal(self, key: bytes, value: bytes, bound: bytes) -> bytes:
        """Encrypt under a fresh nonce."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed: bytes = nonce + _aead(key).encrypt(nonce, value, bound)
        return sealed

    def unseal(self, key: bytes, sealed: bytes, bound: bytes) -> bytes | None:
        """Decrypt; none where anything does not fit."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        if len(nonce) < _NONCE_BYTES:
            return None
        try:
            value: bytes = _aead(key).decrypt(nonce, body, bound)
        except import_module("cryptography.exceptions").InvalidTag:
            return None
        return value


class Unsealed:
    """Leaves values as they are: for a store that lives and dies inside one process."""

    __slots__ = ()

    def seal(self, key: bytes, value: bytes, bound: bytes) -> bytes:  # noqa: ARG002
        """Hand the value back."""
        return value

    def unseal(self, key: bytes, sealed: bytes, bound: bytes) -> bytes | None:  # noqa: ARG002
        """Hand the value back."""
        return sealed


@lru_cache(maxsize=1024)
def _aead(key: bytes) -> Any:  # noqa: ANN401 -- loaded late, and its types too
    # Setting up a key costs as much as sealing a short value.
    return import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key)
