"""Workers that serve are killed under load: nothing that was answered is lost."""

from __future__ import annotations

from pathlib import Path

from tests.killing import kill_workers

# A hundred of them take five minutes: `python -m bench run kills`.
_KILLS = 8


def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    toll = kill_workers(tmp_path, _KILLS)
    assert toll.lost == 0
    assert toll.episodes_twice == 0
    assert toll.chain_intact
    # With fewer than these it would show nothing.
    assert toll.episodes > 10 * _KILLS
    assert toll.audited > 0
    # One of two is always there to take a connection; what breaks is what was under way.
    assert "ConnectError" not in toll.broken
    assert toll.broken.total() <= 4 * _KILLS
