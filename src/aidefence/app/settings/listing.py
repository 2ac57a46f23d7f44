"""Lists in settings, which a variable of the environment holds as `a, b`."""

from __future__ import annotations

from pathlib import Path


class AsWritten:
    """Marks a setting that a variable of the environment holds as it is, not as JSON."""


def split_list(given: object) -> object:
    """Give the parts of a list that is written in a line; anything else stays what it is."""
    if isinstance(given, Path):
        return (given,)
    if not isinstance(given, str):
        return given
    return tuple(part.strip() for part in given.split(",") if part.strip())
