"""What policies remember, inside one process: gone when the process is, bounded whatever comes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import count
from threading import Lock

from aidefence.ports.policy_states import HeldState

STATES_MAX = 100_000
BYTES_MAX = 256 * 1024 * 1024


class MemoryPolicyStates:
    """Keeps the states that were last asked for, under one lock."""

    __slots__ = ("_bytes", "_bytes_max", "_kept", "_lock", "_revisions", "_states_max")

    def __init__(self, *, states_max: int = STATES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[bytes, tuple[int, bytes, int]] = OrderedDict()
        # Never the same twice: what was dropped and begun again must not pass for what was read.
        self._revisions = count(1)
        self._bytes = 0
        self._states_max = states_max
        self._bytes_max = bytes_max

    def load(self, keys: Sequence[bytes], now_ms: int) -> tuple[HeldState, ...]:
        """Return what is kept under these keys, all as of one moment."""
        with self._lock:
            return tuple(self._held(key, now_ms) for key in keys)

    def save(
        self,
        read: Sequence[HeldState],
        changed: Mapping[bytes, bytes],
        now_ms: int,
        expires_ms: int,
    ) -> bool:
        """Keep what has changed, if nothing of what was read is another one by now."""
        with self._lock:
            if any(self._held(it.key, now_ms).revision != it.revision for it in read):
                return False
            for key, state in changed.items():
                self._drop(key)
                self._kept[key] = (next(self._revisions), state, expires_ms)
                self._bytes += len(state)
            while len(self._kept) > self._states_max or self._bytes > self._bytes_max:
                self._drop(next(iter(self._kept)))
            return True

    def purge(self, now_ms: int) -> int:
        """Delete what has expired."""
        with self._lock:
            old = [key for key, it in self._kept.items() if it[2] <= now_ms]
            for key in old:
                self._drop(key)
            return len(old)

    def _held(self, key: bytes, now_ms: int) -> HeldState:
        found = self._kept.get(key)
        if found is None:
            return HeldState(key)
        if found[2] <= now_ms:
            self._drop(key)
            return HeldState(key)
        self._kept.move_to_end(key)
        return HeldState(key, found[0], found[1])

    def _drop(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= len(found[1])
