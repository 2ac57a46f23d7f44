"""Values that lie in a store and that only this installation can read."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256

from aidefence.domain.vaulting import Secret
from aidefence.ports.cipher import Cipher

_MARK = b":"


class Sealer:
    """Seals for one purpose; what was sealed under an older key still opens."""

    __slots__ = ("_cipher", "_keys", "_purpose")

    def __init__(
        self, cipher: Cipher, keys: Callable[[], Sequence[Secret]], purpose: bytes
    ) -> None:
        """`keys` gives the active key first."""
        self._cipher = cipher
        self._keys = keys
        self._purpose = purpose

    def seal(self, value: bytes, bound: str) -> bytes:
        """Seal a value; `bound` names the one thing that it belongs to."""
        active = self._keys()[0]
        key = derived(active.key, self._purpose)
        return active.key_id.encode() + _MARK + self._cipher.seal(key, value, bound.encode())

    def unseal(self, sealed: bytes, bound: str) -> bytes | None:
        """Open a value; none where it was changed, or its key is gone."""
        key_id, _, body = sealed.partition(_MARK)
        for it in self._keys():
            if it.key_id.encode() == key_id:
                key = derived(it.key, self._purpose)
                return self._cipher.unseal(key, body, bound.encode())
        return None


@lru_cache(maxsize=64)
def derived(key: bytes, purpose: bytes) -> bytes:
    """Make the key for one purpose out of a key of the installation."""
    return hmac.digest(key, b"aidefence " + purpose, sha256)
