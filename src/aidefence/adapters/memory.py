"""The memory of a process that serves."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def settle() -> None:
    """Give back the memory that building needed, and never search what was built for garbage."""
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):
        # Of the GNU library; where it is another, there is nothing to give back.
        ctypes.CDLL(None).malloc_trim(0)
