"""A model that reads for meaning, as the outside world runs it."""

from __future__ import annotations

from typing import Protocol

from aidefence.domain.reading import EncoderReading


class Encoder(Protocol):
    """Reads whole texts. Safe to share between threads; the same text gets the same reading."""

    def read(self, text: str, *, deadline_ns: int | None = None) -> EncoderReading:
        """Read one text.

        After `deadline_ns` of the monotonic clock no further stretch is begun, and the reading
        says that it was cut short. The first one is always read.
        """

    def warm(self) -> None:
        """Load what the first reading would have to wait for."""
