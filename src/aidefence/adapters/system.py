"""Clock and ids of the machine we run on."""

from __future__ import annotations

import os
import time
from collections import deque

_NAME_BYTES = 12
_NAMES_AT_ONCE = 256
_WORD_BYTES = 6


def fresh_word(text: str) -> str:
    """Make a random word that a text does not contain."""
    while True:
        word = os.urandom(_WORD_BYTES).hex()
        if word not in text:
            return word


class SystemClock:
    """The machine's clocks. The builtins themselves: a wrapper would cost as much as they do."""

    monotonic_ns = staticmethod(time.perf_counter_ns)

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000


class RandomIds:
    """Names of 96 random bits: nobody can guess or repeat them."""

    def __init__(self) -> None:
        # Asking the system for bits costs more than all else about a name: ask for many at once.
        self._names: deque[str] = deque()

    def request_id(self) -> str:
        """Make a name for one request."""
        return f"req_{self._next()}"

    def batch_id(self) -> str:
        """Make a name for one batch."""
        return f"bat_{self._next()}"

    def name(self, kind: str) -> str:
        """Make a name for one thing of another kind."""
        return f"{kind}_{self._next()}"

    def _next(self) -> str:
        while True:
            try:
                return self._names.popleft()
            except IndexError:
                # Two threads may both come here; then there are more names, never one twice.
                bits = os.urandom(_NAME_BYTES * _NAMES_AT_ONCE)
                self._names.extend(
                    bits[at : at + _NAME_BYTES].hex() for at in range(0, len(bits), _NAME_BYTES)
                )
