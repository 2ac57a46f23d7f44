"""Clock and ids of the machine we run on."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator

_NAME_BYTES = 12
_TIME_BYTES = 4
_SECONDS_MAX = (1 << 8 * _TIME_BYTES) - 1
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
    """Names that nobody can guess or repeat: of 96 random bits, those of requests of 64."""

    def __init__(self) -> None:
        # Asking the system for bits costs more than all else about a name: ask for many at once.
        self._names: deque[str] = deque()
        self._request_names: deque[str] = deque()

    def request_id(self) -> str:
        """Make a name for one request.

        It begins with the time, to the second: what comes in one after the other lies side by side
        in the index of the store, which takes it over in half the time.
        """
        while True:
            try:
                return self._request_names.popleft()
            except IndexError:
                begin = f"req_{int(time.time()) & _SECONDS_MAX:08x}"
                self._request_names.extend(
                    f"{begin}{bits}" for bits in _random_words(_NAME_BYTES - _TIME_BYTES)
                )

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
                self._names.extend(_random_words(_NAME_BYTES))


def _random_words(size: int) -> Iterator[str]:
    bits = os.urandom(size * _NAMES_AT_ONCE)
    return (bits[at : at + size].hex() for at in range(0, len(bits), size))
