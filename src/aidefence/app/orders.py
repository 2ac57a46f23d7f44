"""What a worker is told when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidefence.app.fingerprints import Fingerprint, fingerprint

if TYPE_CHECKING:
    from aidefence.app.settings.sources import Sources
    from aidefence.app.settings.whole import Settings


@dataclass(frozen=True, slots=True)
class Orders:
    """Settings that are right, where they come from, and how that looked before they were read."""

    settings: Settings
    sources: Sources
    seen: Fingerprint

    @property
    def hold(self) -> bool:
        """Whether what was read still stands there."""
        return look_at(self.sources) == self.seen


def look_at(sources: Sources) -> Fingerprint:
    """Give what changes when the file that settings come from does."""
    return fingerprint(() if sources.path is None else (sources.path,))
