"""API keys: how they look, and what is known of one. The secret itself is never kept."""

from __future__ import annotations

import re
from binascii import crc32
from dataclasses import dataclass, field

from aidefence.domain.access import Permission, Plan, Role

KEY_PREFIX = "aidk_"
"""How every key begins, so that scanners for leaked secrets know one when they see it."""
ID_LEN = 10
SECRET_LEN = 32
_CHECK_LEN = 6
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY_LEN = len(KEY_PREFIX) + ID_LEN + SECRET_LEN + _CHECK_LEN
_ID_END = len(KEY_PREFIX) + ID_LEN
NAME_LEN_MAX = 128
TENANT_SHAPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What an operator may see of a key. Times are Unix milliseconds."""

    id: str
    """Stands in the key itself, behind the prefix; no secret."""
    name: str
    role: Role
    permissions: frozenset[Permission]
    tenant: str
    plan: Plan
    created_ms: int
    expires_ms: int | None = None
    rotated_ms: int | None = None
    previous_until_ms: int | None = None
    """Until when the secret before the last rotation still opens."""
    revoked_ms: int | None = None
    last_used_ms: int | None = None
    """To the hour: nobody's habits are written down, only that the key is in use."""

    @property
    def prefix(self) -> str:
        """How the key begins, for telling it from others."""
        return KEY_PREFIX + self.id

    def lives(self, now_ms: int) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key with the digests of its secrets, the current one and the one before."""

    key: ApiKey
    digest: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that it is shown."""

    key: ApiKey
    text: str = field(repr=False)


def write_key(key_id: str, secret: str) -> str:
    """Put a key together: prefix, id, secret, and a checksum that tells a typing error apart."""
    body = f"{key_id}{secret}"
    return f"{KEY_PREFIX}{body}{_checksum(body)}"


def key_id_of(text: str) -> str | None:
    """Read the id out of a key; none where it cannot be one of ours."""
    # Length first: what a client sends may be long.
    if len(text) != _KEY_LEN or not text.startswith(KEY_PREFIX):
        return None
    if not (text.isascii() and text[len(KEY_PREFIX) :].isalnum()):
        return None
    return text[len(KEY_PREFIX) : _ID_END]


def prefix_of(text: str) -> str:
    """What may be shown of a key; nothing of what is none of ours."""
    key_id = key_id_of(text)
    return "" if key_id is None else KEY_PREFIX + key_id


def is_intact(text: str) -> bool:
    """Whether the checksum of a key fits: a key that was copied wrongly is told as such."""
    return key_id_of(text) is not None and text.endswith(
        _checksum(text[len(KEY_PREFIX) : -_CHECK_LEN])
    )


def random_word(bits: bytes, length: int) -> str:
    """Write random bytes as a word of letters and digits."""
    number, word = int.from_bytes(bits), ""
    for _ in range(length):
        number, at = divmod(number, len(_ALPHABET))
        word += _ALPHABET[at]
    return word


def _checksum(body: str) -> str:
    return random_word(crc32(body.encode("ascii")).to_bytes(4), _CHECK_LEN)
