"""How many threads are worth having."""

from __future__ import annotations

import os


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        # Only Linux tells which cores a process is bound to.
        return os.cpu_count() or 1
