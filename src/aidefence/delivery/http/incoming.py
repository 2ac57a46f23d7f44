"""Bodies on their way, of all requests together: what is held of them has a limit, too."""

from __future__ import annotations

from aidefence.domain.refusals import OverloadedError

_RETRY_MS = 1_000


class Incoming:
    """Counts bytes that came in and are not whole yet; for one event loop."""

    __slots__ = ("_bytes", "_bytes_max")

    def __init__(self, bytes_max: int = 128 << 20) -> None:
        self._bytes = 0
        self._bytes_max = bytes_max

    def take(self, length: int) -> None:
        """Count so much more.

        Raises:
            OverloadedError: it would be more than is held at once.

        """
        if self._bytes + length > self._bytes_max:
            raise OverloadedError("other bodies are coming in: there is no room now", _RETRY_MS)
        self._bytes += length

    def give_back(self, length: int) -> None:
        """Count so much less: it is whole, or will never be."""
        self._bytes -= length
