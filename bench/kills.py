"""Workers that serve are killed a hundred times under load: what was answered must be there."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.killing import kill_workers

from bench.record import Outcome

_KILLS = 100


def measure() -> Outcome:
    """Kill, let clients go on, and look for all that they have a promise of."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        toll = kill_workers(Path(folder), _KILLS)
    return Outcome(
        "four clients that ask, give feedback and throw switches; two workers without models, one "
        "of which gets SIGKILL; then every name that was answered is looked for in the store, and "
        "the audit log is verified",
        _KILLS,
        {
            "kills": _KILLS,
            "episodes": toll.episodes,
            "feedback": toll.feedback,
            "audited": toll.audited,
            "lost": toll.lost,
            "twice": toll.episodes_twice,
            "chain_intact": int(toll.chain_intact),
            "connections_broken": toll.broken.total(),
            "connections_refused": toll.broken["ConnectError"],
            "seconds": round(time.monotonic() - began),
        },
    )
