"""Files of the journal. Who writes to one holds its lock; when the lock is free, it is finished."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ENDING = ".seg"
_DRAFT = ".new"


def open_segment(folder: Path) -> tuple[int, Path]:
    """Make a new file that is locked before anybody else can see it; gives its descriptor."""
    while True:
        name = f"{time.time_ns() // 1_000_000:013d}-{os.urandom(6).hex()}"
        draft, path = folder / (name + _DRAFT), folder / (name + ENDING)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(path)
        except FileNotFoundError:
            # Taken for the rest of somebody who was killed: once more.
            os.close(handle)
            continue
        except OSError:
            os.close(handle)
            draft.unlink(missing_ok=True)
            raise
        return handle, path


def segments_in(folder: Path) -> list[Path]:
    """List all files, oldest first."""
    return sorted(folder.glob(f"*{ENDING}"))


def bytes_in(folder: Path) -> int:
    """Add up all files."""
    total = 0
    for path in segments_in(folder):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def is_finished(path: Path) -> bool:
    """Whether nobody writes to a file any more."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def sweep(folder: Path) -> None:
    """Delete drafts of those who were killed before they wrote anything."""
    for draft in folder.glob(f"*{_DRAFT}"):
        if is_finished(draft):
            draft.unlink(missing_ok=True)


@contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Hold a lock that one process and thread at a time gets; says whether it is this one."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait for a lock that one process and thread at a time gets."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
