"""Whether files have changed, told without reading them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from aidefence.app.settings import Settings


Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]

_FILES_MAX = 10_000


def watched(settings: Settings, config: Path | None) -> Iterator[Path]:
    """Name the files and folders that decide what stands."""
    named = (config, settings.rules_dir, settings.dense_file, settings.deep_dir)
    yield from (it for it in named if it is not None)
    yield from settings.lists
    yield from settings.topics
    for path in settings.policies.files:
        yield path
        # What a policy includes lies beside it, or below.
        yield from path.parent.glob("*.pdl")


def fingerprint(places: Iterable[Path]) -> Fingerprint:
    """Give what changes when one of these files does, or one of those in these folders."""
    marks = []
    for path in islice(_files(places), _FILES_MAX):
        try:
            told = path.stat()
        except OSError:
            continue
        marks.append((str(path), told.st_ino, told.st_mtime_ns, told.st_size))
    return tuple(sorted(marks))


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from (it for it in place.rglob("*") if not it.is_dir())
        else:
            yield place
