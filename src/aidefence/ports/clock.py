"""Time as the outside world gives it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time of day and measures intervals."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""

    def monotonic_ns(self) -> int:
        """A count of nanoseconds that never runs backwards."""
