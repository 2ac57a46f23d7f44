"""Encryption as the outside world does it."""

from __future__ import annotations

from typing import Protocol


class Cipher(Protocol):
    """Seals and opens short values under a key; `bound` is authenticated with them."""

    def seal(self, key: bytes, value: bytes, bound: bytes) -> bytes:
        """Encrypt under a nonce nobody used before, which comes with the result."""

    def unseal(self, key: bytes, sealed: bytes, bound: bytes) -> bytes | None:
        """Decrypt; none where key, value or what it is bound to is another."""
