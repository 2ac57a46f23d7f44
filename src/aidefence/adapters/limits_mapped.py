"""Counters in a file that all workers map into memory: microseconds, and nothing to wait for.

A slot is two words of 64 bits, whom it is about and a value. A subject stands in one of the few
slots from where its digest points; a new one takes the slot of the lowest value there, which is an
empty one, one whose time is over, or the one that would be over first. So the file never grows, and
what a full one forgets is in favour of the client.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from collections.abc import Callable, Sequence
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf
from itertools import count
from pathlib import Path
from zlib import crc32

from aidefence.domain.errors import ConfigError
from aidefence.domain.plans import Claim, Taken
from aidefence.domain.refusals import UnavailableError

RATE_SLOTS = 1 << 16
QUOTA_SLOTS = 1 << 14
_PROBES = 8
_WORDS = 2
_WORD_BYTES = 8
_HEADER_WORDS = 512
_BOOT_WORD = 0
_COUNT_BITS = 40
_WORD_MAX = (1 << 64) - 1
_SPREAD = 0x9E3779B97F4A7C15
_COUNT_MAX = (1 << _COUNT_BITS) - 1
_NS_PER_TICK = 100
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Whoever holds the lock does so for microseconds, unless it was stopped in the middle.
_EAGER_TRIES = 30
_PAUSE_SECONDS = 0.0001
_WAIT_NS = 100_000_000
# Where the machine gives us little time, much of it passes between two tries.
_TRIES_LEAST = 200
# Another thread of ours goes on for sure, as soon as it is given time.
_THREAD_SECONDS = 2.0
_EXCLUSIVE = LOCK_EX | LOCK_NB


class MappedCounters:
    """Counts in shared memory. Safe to share between threads and processes."""

    waits = False

    __slots__ = ("_file", "_map", "_now", "_quotas", "_rates", "_threads", "_view")

    def __init__(
        self,
        path: Path,
        *,
        rate_slots: int = RATE_SLOTS,
        quota_slots: int = QUOTA_SLOTS,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Open or make the file; how many slots it has is part of its name.

        Raises:
            ConfigError: the file cannot be made or mapped.

        """
        self._rates = _Region(_HEADER_WORDS, rate_slots)
        self._quotas = _Region(self._rates.end, quota_slots)
        self._now = monotonic_ns
        self._threads = threading.Lock()
        named = path.with_name(f"{path.name}.{rate_slots}.{quota_slots}")
        try:
            self._file = os.open(named, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            length = self._quotas.end * _WORD_BYTES
            # Never shorter: others may have it mapped already. With its place on the disk, too: a
            # page that finds none when it is written ends the process.
            os.posix_fallocate(self._file, 0, length)
            self._map = mmap.mmap(self._file, length)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError(f"cannot map the file of limits `{named}`: {reason}") from error
        self._view = memoryview(self._map).cast("Q")
        self._forget_older_boot()

    def take(self, claims: Sequence[Claim], cost: int, month: int) -> Taken:
        """Count against every claim if none is full, in one step for all processes.

        Raises:
            UnavailableError: somebody has held the lock for too long.

        """
        self._lock()
        try:
            return self._count(claims, cost, month)
        finally:
            self._unlock()

    def raise_quota(self, subject: int, month: int, used: int) -> int:
        """Make a quota stand at `used` at least; gives where it stands."""
        view = self._view
        self._lock()
        try:
            subject = _of_month(subject, month)
            place = self._quotas.place(view, subject, ())
            stored = view[place + 1] if view[place] == subject else 0
            level = max(stored & _COUNT_MAX, used)
            view[place + 1] = month << _COUNT_BITS | min(level, _COUNT_MAX)
            view[place] = subject
        finally:
            self._unlock()
        return level

    def _count(self, claims: Sequence[Claim], cost: int, month: int) -> Taken:
        # Every request comes this way: one look where most subjects stand, and no call for it.
        view, rates, quotas = self._view, self._rates, self._quotas
        rates_first, rates_slots = rates.first, rates.slots
        changes: list[tuple[int, int, int]] = []
        levels: list[int] = []
        now = self._now() // _NS_PER_TICK
        for _, subject, limit, interval in claims:
            if interval:
                most = interval * limit
                place = rates_first + subject % rates_slots * _WORDS
                if view[place] != subject:
                    place = rates.place(view, subject, changes)
                level = view[place + 1] - now if view[place] == subject else 0
                if level < 0:
                    level = 0
                elif level > most:
                    # It is of another clock, or of a limit that was wider.
                    level = most
                after = level + cost * interval
                value = now + after
            else:
                most, subject = limit, _of_month(subject, month)  # noqa: PLW2901
                place = quotas.place(view, subject, changes)
                level = view[place + 1] & _COUNT_MAX if view[place] == subject else 0
                after = min(level + cost, _COUNT_MAX)
                value = month << _COUNT_BITS | after
            if after > most:
                return Taken((*levels, level), len(levels))
            changes.append((place, subject, value))
            levels.append(after)
        for place, subject, value in changes:
            view[place + 1] = value
            view[place] = subject
        return Taken(tuple(levels))

    def _forget_older_boot(self) -> None:
        """Drop rates that were counted on a clock that began anew since."""
        try:
            boot = crc32(_BOOT_ID.read_bytes())
        except OSError:
            boot = 0
        self._lock()
        try:
            if self._view[_BOOT_WORD] != boot:
                first, end = self._rates.first * _WORD_BYTES, self._rates.end * _WORD_BYTES
                self._map[first:end] = bytes(end - first)
                self._view[_BOOT_WORD] = boot
        finally:
            self._unlock()

    def _lock(self) -> None:
        # The lock on the file keeps other processes out, not other threads of this one. The kernel
        # takes it back from a process that is killed.
        free = self._threads.acquire(blocking=False) or self._threads.acquire(
            timeout=_THREAD_SECONDS
        )
        if not free:
            raise UnavailableError("the file of limits is locked: a thread holds it for too long")
        try:
            lockf(self._file, _EXCLUSIVE, 1)
        except BlockingIOError:
            self._wait_for_file()
        except OSError as error:
            self._threads.release()
            raise UnavailableError(f"the file of limits cannot be locked: {error}") from error

    def _unlock(self) -> None:
        lockf(self._file, LOCK_UN, 1)
        self._threads.release()

    def _wait_for_file(self) -> None:
        deadline_ns = time.monotonic_ns() + _WAIT_NS
        for tried in count():
            try:
                lockf(self._file, _EXCLUSIVE, 1)
            except BlockingIOError:
                if tried < _EAGER_TRIES:
                    continue
                if tried >= _TRIES_LEAST and time.monotonic_ns() > deadline_ns:
                    self._threads.release()
                    reason = "the file of limits is locked: a process holds it for too long"
                    raise UnavailableError(reason) from None
                time.sleep(_PAUSE_SECONDS)
            else:
                return


class _Region:
    """Slots of one kind."""

    __slots__ = ("end", "first", "slots")

    def __init__(self, first: int, slots: int) -> None:
        self.first = first
        self.slots = slots
        # A run may begin in the last slot.
        self.end = first + (slots + _PROBES) * _WORDS

    def place(
        self, view: memoryview[int], subject: int, taken: Sequence[tuple[int, int, int]]
    ) -> int:
        """Find where a subject stands, or where it can stand; places in `taken` are spoken for."""
        first = self.first + subject % self.slots * _WORDS
        # Most subjects stand where their digest points.
        if view[first] == subject:
            return first
        run = range(first, first + _PROBES * _WORDS, _WORDS)
        for place in run:
            if view[place] == subject:
                return place
        spoken_for = {place for place, _, _ in taken}
        return min((it for it in run if it not in spoken_for), key=lambda it: view[it + 1])


def _of_month(subject: int, month: int) -> int:
    """Whom a quota is about in one month; the months before stay as they are, and are old."""
    return (subject ^ month * _SPREAD) & _WORD_MAX or 1
