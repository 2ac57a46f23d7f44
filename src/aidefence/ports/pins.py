"""Where approved definitions of tools are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aidefence.domain.pins import PinName


class PinStore(Protocol):
    """Keeps pins; several processes may approve at the same time."""

    def read(self) -> Mapping[PinName, Mapping[str, object]]:
        """Give the approved definitions; those whose digest does not fit are refused."""

    def approve(
        self, definitions: Mapping[PinName, Mapping[str, object]], removed: frozenset[PinName]
    ) -> None:
        """Put these in the place of what was approved, take those away, leave the others."""
