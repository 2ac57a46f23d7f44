"""Counts that several processes keep together: each in a file of its own, added up when read."""

from __future__ import annotations

import fcntl
import json
import logging
import mmap
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from aidefence.adapters.journal.segments import is_finished

Totals: TypeAlias = dict[str, list[int]]

_MAGIC = b"aidefmc1"
_HEADER = struct.Struct("<8sQ")
_KEY = struct.Struct("<HH")
_KEYS_BYTES = 64 << 10
_CELLS = 16 << 10
_CELLS_AT = _HEADER.size + _KEYS_BYTES
_FILE_BYTES = _CELLS_AT + 8 * _CELLS
# Where counts go whose names found no room: nobody reads them, and nobody's counting fails.
_LOST_CELLS = 64
_ENDED = "ended.json"
_LOCK = "lock"
_log = logging.getLogger("aidefence.counts")


class Counts:
    """Cells of this process, by name. With a folder, what was counted outlives the process.

    A cell is one aligned word in a mapped file: it is there once it is written, whatever happens to
    the process afterwards. Whoever writes must see to it that nobody else of this process does.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: int | None = None
        self._mine = ""
        self._places: dict[str, tuple[int, int]] = {}
        self._used_cells = _LOST_CELLS
        self._used_bytes = 0
        self._map: mmap.mmap | None = None
        self.cells: list[int] | memoryview[int] = [] if folder is not None else [0] * _CELLS
        """Empty until the first name is asked for: who counts nothing makes no file."""

    def place(self, key: str, count: int) -> int:
        """Where the first of so many cells under this name lies."""
        known = self._places.get(key)
        if known is not None:
            return known[0]
        if self._folder is not None and not self.cells:
            self._begin(self._folder)
        name = key.encode()
        needed = _KEY.size + len(name)
        if self._used_cells + count > _CELLS or self._used_bytes + needed > _KEYS_BYTES:
            return 0
        at = self._used_cells
        self._places[key] = (at, count)
        self._used_cells += count
        if self._map is not None:
            start = _HEADER.size + self._used_bytes
            self._map[start : start + needed] = _KEY.pack(count, len(name)) + name
            # Told last: who reads meanwhile sees the name whole or not at all.
            _HEADER.pack_into(self._map, 0, _MAGIC, self._used_bytes + needed)
        self._used_bytes += needed
        return at

    def totals(self) -> Totals:
        """Add up the cells of all processes, those that have ended included."""
        mine = {key: list(self.cells[at : at + count]) for key, (at, count) in self._places.items()}
        if self._folder is None or not self._folder.is_dir():
            return mine
        with _locked(self._folder, fcntl.LOCK_SH):
            totals, folded = _read_ended(self._folder)
            for path in self._folder.glob("*.counts"):
                if path.name not in folded and path.name != self._mine:
                    _add(totals, _read(path))
        _add(totals, mine)
        return totals

    def leave_to_parent(self) -> None:
        """Let go of a file that was taken over when a process was copied: it is the parent's."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _begin(self, folder: Path) -> None:
        try:
            self._open(folder)
        except OSError as error:
            # A full disk must not keep anybody from being answered.
            self.cells = [0] * _CELLS
            reason = error.strerror or str(error)
            _log.warning("counts stay in the memory of this process", extra={"reason": reason})

    def _open(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder, fcntl.LOCK_EX):
            _fold(folder)
            self._mine = f"{os.getpid()}-{os.urandom(6).hex()}.counts"
            path = folder / self._mine
            path.touch(mode=0o600, exist_ok=False)
            with path.open("r+b") as file:
                # With its place on the disk: a page that finds none when written ends the process.
                os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
                self._map = mmap.mmap(file.fileno(), _FILE_BYTES)
            _HEADER.pack_into(self._map, 0, _MAGIC, 0)
            # Held as long as this process lives: that is how others know. Opened once more, for a
            # map keeps a handle of its own that a copy of this process could not let go.
            self._held = os.open(path, os.O_RDWR)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        self.cells = memoryview(self._map)[_CELLS_AT:].cast("Q")


def _fold(folder: Path) -> None:
    """Add what ended processes counted to one file, so that theirs can go. Once, whatever fails."""
    totals, folded = _read_ended(folder)
    # Told to be in the sum by a process that then ended before it deleted them.
    for name in folded:
        (folder / name).unlink(missing_ok=True)
    ended = [path for path in folder.glob("*.counts") if is_finished(path)]
    if not ended:
        return
    for path in ended:
        _add(totals, _read(path))
    fresh = folder / f"{_ENDED}.new"
    names = [path.name for path in ended]
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"folded": names, "totals": totals}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _ENDED)
    for path in ended:
        path.unlink(missing_ok=True)


def _read_ended(folder: Path) -> tuple[Totals, frozenset[str]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads((folder / _ENDED).read_bytes())
        return dict(kept["totals"]), frozenset(kept["folded"])
    return {}, frozenset()


def _read(path: Path) -> Totals:
    """Read the cells of one process; nothing from a file that is none of ours."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    if len(data) != _FILE_BYTES or data[: len(_MAGIC)] != _MAGIC:
        return {}
    _, used = _HEADER.unpack_from(data)
    cells = memoryview(data)[_CELLS_AT:].cast("Q")
    totals: Totals = {}
    at, first = _HEADER.size, _LOST_CELLS
    while at < _HEADER.size + min(used, _KEYS_BYTES):
        count, length = _KEY.unpack_from(data, at)
        at += _KEY.size
        totals[data[at : at + length].decode("utf-8", "replace")] = list(
            cells[first : first + count]
        )
        at, first = at + length, first + count
    return totals


def _add(totals: Totals, more: Mapping[str, list[int]]) -> None:
    for key, cells in more.items():
        known = totals.get(key)
        if known is None or len(known) != len(cells):
            # Another version counted otherwise under this name: the newer one holds.
            totals[key] = list(cells)
        else:
            totals[key] = [one + other for one, other in zip(known, cells, strict=True)]


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    handle = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
