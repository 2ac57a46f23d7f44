"""The memory of a process that serves."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from pathlib import Path

_STATM = Path("/proc/self/statm")
_SPARE_PAGES = (4 << 20) // os.sysconf("SC_PAGESIZE")


def settle() -> None:
    """Give back the memory that building needed, and never search what was built for garbage."""
    gc.collect()
    gc.freeze()
    _trim()


class Spare:
    """Gives back what large texts needed and nobody uses, once that is much."""

    __slots__ = ("_least",)

    def __init__(self) -> None:
        self._least = _resident_pages()

    def give_back(self) -> None:
        """Look, and give back if much more is held than after the last time."""
        now = _resident_pages()
        if now > self._least + _SPARE_PAGES:
            _trim()
            self._least = _resident_pages()
        else:
            self._least = min(self._least, now)


def _trim() -> None:
    with suppress(OSError, AttributeError):
        # Of the GNU library; where it is another, there is nothing to give back.
        ctypes.CDLL(None).malloc_trim(0)


def _resident_pages() -> int:
    try:
        return int(_STATM.read_text("ascii").split()[1])
    except OSError:
        # Another kernel tells it in another way: what is never seen to grow is never given back.
        return 0
