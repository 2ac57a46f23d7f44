"""Counting what happens, for whoever watches the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from aidefence.domain.asking import Detection

Reading: TypeAlias = tuple[tuple[str, ...], float]
"""The values of the labels, and a number."""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers that somebody else keeps, read when they are asked for: queues, a store, a switch.

    `name` comes without our prefix and without `_total`, which one that only rises gets.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Iterable[Reading]]
    rises: bool = False


class Meter(Protocol):
    """Counts answers; knows nothing of the texts."""

    def count(self, door: str, detection: Detection) -> None:
        """Count one answer that left through a door."""

    def refuse(self, door: str, status: int) -> None:
        """Count one request that was refused."""

    def watch(self, series: Series) -> None:
        """Tell these numbers, too, whenever counts are written."""

    def render(self) -> tuple[str, bytes]:
        """Write all counts; gives the content type and the document."""
