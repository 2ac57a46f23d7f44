"""What wakes the parent process, and may be rung by the handler of a signal."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class Bell:
    """Like `threading.Event`, which a signal must not set: it may wait for itself, for ever.

    The handler of a signal runs between any two steps of the main thread, also while that holds
    the event's lock. Putting into a simple queue needs no lock that its own thread may hold.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Ring."""
        if not self.is_set():
            self._rings.put(None)

    def is_set(self) -> bool:
        """Whether it was rung and not yet cleared."""
        return not self._rings.empty()

    def clear(self) -> None:
        """Forget that it was rung."""
        with suppress(Empty):
            while True:
                self._rings.get_nowait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is rung, or that long; says whether it was."""
        try:
            self._rings.get(timeout=timeout)
        except Empty:
            return False
        self._rings.put(None)
        return True
