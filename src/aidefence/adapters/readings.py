"""An encoder that remembers what it said of a text: the same text gets the same reading.

What is remembered is the reading, not the verdict. It depends on the text and the model alone, so
it serves every origin, policy and door, and nothing goes stale when one of these changes.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from aidefence.domain.reading import EncoderReading
from aidefence.ports.encoder import Encoder

ENTRY_BYTES = 1024
"""What one reading takes with all that holds it, rounded up."""
_KEY_BYTES = 32
_DIGEST_BYTES = 16


class RememberingEncoder:
    """Asks an encoder once for each text, as long as there is room. Safe to share."""

    __slots__ = ("_encoder", "_entries_max", "_kept", "_key", "_lock")

    def __init__(self, encoder: Encoder, bytes_max: int) -> None:
        self._encoder = encoder
        self._entries_max = bytes_max // ENTRY_BYTES
        # Texts are known by digests under a key that dies with this process.
        self._key = os.urandom(_KEY_BYTES)
        self._kept: OrderedDict[bytes, EncoderReading] = OrderedDict()
        self._lock = Lock()

    def read(self, text: str, *, deadline_ns: int | None = None) -> EncoderReading:
        """Read one text, or say again what was said of it."""
        data = text.encode("utf-8", "surrogatepass")
        digest = blake2b(data, digest_size=_DIGEST_BYTES, key=self._key).digest()
        with self._lock:
            kept = self._kept.get(digest)
            if kept is not None:
                self._kept.move_to_end(digest)
                return kept
        reading = self._encoder.read(text, deadline_ns=deadline_ns)
        # One that ran out of time may be whole the next time.
        if not reading.cut_short:
            self._keep(digest, reading)
        return reading

    def warm(self) -> None:
        """Load what the first reading would have to wait for."""
        self._encoder.warm()

    def _keep(self, digest: bytes, reading: EncoderReading) -> None:
        with self._lock:
            self._kept[digest] = reading
            while len(self._kept) > self._entries_max:
                self._kept.popitem(last=False)
