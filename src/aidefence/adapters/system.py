"""Clock and ids of the machine we run on."""

from __future__ import annotations

import os
import time


class SystemClock:
    """The machine's clocks. The builtins themselves: a wrapper would cost as much as they do."""

    monotonic_ns = staticmethod(time.perf_counter_ns)

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


class RandomIds:
    """Names of 96 random bits: nobody can guess or repeat them."""

    def request_id(self) -> str:
        """Make a name for one request."""
        return f"req_{os.urandom(12).hex()}"

    def batch_id(self) -> str:
        """Make a name for one batch."""
        return f"bat_{os.urandom(12).hex()}"
