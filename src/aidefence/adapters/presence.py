"""What each process that serves tells of itself, in one small file each."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from aidefence.ports.renewal import Phase, Worker


class Presence:
    """A folder in which processes leave a word about themselves."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tell(self, worker: Worker) -> None:
        """Say how things stand in this process; replaces what it said before."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._folder / f"{worker.pid}.json"
        fresh = place.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(json.dumps(asdict(worker)), "utf-8")
        fresh.replace(place)

    def leave(self, pid: int) -> None:
        """Take away the word of a process."""
        with suppress(OSError):
            (self._folder / f"{pid}.json").unlink()

    def word_of(self, pid: int) -> Worker | None:
        """Return what a process said last, even if it has ended."""
        return _read(self._folder / f"{pid}.json")

    def all(self) -> list[Worker]:
        """Return the words of those that still run, by process id."""
        told = (_read(place) for place in self._folder.glob("*.json"))
        return sorted((it for it in told if it and _runs(it.pid)), key=lambda it: it.pid)

    def sweep(self) -> None:
        """Take away the words of processes that have ended."""
        for place in self._folder.glob("*.json"):
            worker = _read(place)
            if worker is None or not _runs(worker.pid):
                place.unlink(missing_ok=True)


def _read(place: Path) -> Worker | None:
    try:
        told = json.loads(place.read_bytes())
        return Worker(**{**told, "phase": Phase(told["phase"]), "restart": tuple(told["restart"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
