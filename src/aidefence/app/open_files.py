"""How many connections this process may hold: each takes a file of the operating system."""

from __future__ import annotations

import logging
import resource

# The store, journals, models, and connections to upstreams and caches.
_OTHERS = 256
_LEAST = 16
_log = logging.getLogger("aidefence.serve")


def connections_for(wanted: int) -> int:
    """Raise the limit on open files as far as is needed; gives how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * wanted + _OTHERS
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # One in front of a model has one behind it.
    allowed = max(_LEAST, (soft - _OTHERS) // 2)
    if allowed < wanted:
        _log.warning(
            "fewer connections than `server.connections_max`: too few open files are allowed",
            extra={"connections": allowed, "open_files": soft},
        )
    return min(wanted, allowed)
