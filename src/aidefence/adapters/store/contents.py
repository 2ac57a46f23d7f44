"""What is kept of inspected contents, where the operator wants more than a digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from aidefence.service.sealing import Sealer

_REDACTED, _SEALED = b"r", b"s"


class Contents:
    """Seals contents for the journal, and makes of them what the store holds."""

    __slots__ = ("_bytes_max", "_redact", "_sealer")

    def __init__(
        self, sealer: Sealer, *, bytes_max: int, redact: Callable[[str], str] | None
    ) -> None:
        """`redact` takes out what is private; without it, all is kept, encrypted."""
        self._sealer = sealer
        self._bytes_max = bytes_max
        self._redact = redact

    def seal(self, texts: Sequence[str], request_id: str) -> bytes:
        """Seal contents; of those that are too long nothing is kept but the digest."""
        data = json.dumps(texts).encode()
        return b"" if len(data) > self._bytes_max else self._sealer.seal(data, request_id)

    def keep(self, sealed: bytes, request_id: str) -> bytes | None:
        """Say what the store holds of sealed contents; none where they do not open."""
        if self._redact is None:
            return _SEALED + sealed
        data = self._sealer.unseal(sealed, request_id)
        if data is None:
            return None
        return _REDACTED + json.dumps([self._redact(text) for text in json.loads(data)]).encode()

    def open(self, value: bytes, request_id: str) -> tuple[str, ...] | None:
        """Read what the store holds; none where the key is gone."""
        kind, body = value[:1], value[1:]
        data = self._sealer.unseal(body, request_id) if kind == _SEALED else body
        return None if data is None else tuple(json.loads(data))
