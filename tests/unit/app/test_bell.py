"""The parent is woken by signals, however many, and never waits for itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from threading import Timer

from aidefence.app.bell import Bell

_LISTEN = """
import signal
from aidefence.app.bell import Bell
bell, over = Bell(), False
def end(*_):
    global over
    over = True
    bell.set()
signal.signal(signal.SIGHUP, lambda *_: bell.set())
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while not over:
    bell.wait(0.25)
    bell.clear()
"""
_SIGNALS = 20_000
_PAUSE_SECONDS = 0.00002


def test_it_is_heard_and_forgotten() -> None:
    bell = Bell()
    assert not bell.is_set()
    assert not bell.wait(0.01)
    bell.set()
    bell.set()
    assert bell.is_set()
    assert bell.wait(0) is bell.wait() is True
    bell.clear()
    assert not bell.wait(0)
    Timer(0.05, bell.set).start()
    assert bell.wait(10)


def test_a_storm_of_signals_stops_nobody() -> None:
    """With an event of the threads this hangs: a handler waits for the lock that it interrupted."""
    with subprocess.Popen(
        [sys.executable, "-c", _LISTEN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == b"ready\n"
        for _ in range(_SIGNALS):
            os.kill(listener.pid, signal.SIGHUP)
            # Not faster than they are delivered: those would be one.
            time.sleep(_PAUSE_SECONDS)
        listener.terminate()
        try:
            assert listener.wait(20) == 0
        finally:
            listener.kill()
