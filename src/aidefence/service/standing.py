"""What holds for every request until an operator changes it."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.domain.content import Degraded
from aidefence.domain.refusals import DisabledError
from aidefence.service.guarding import Guarding
from aidefence.service.inspect import Inspector


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for every request until an operator changes it; replaced whole, not in parts."""

    inspector: Inspector
    guard: Guarding
    """The guard with the same policy and knowledge, for what is no detection."""
    suspended: Degraded | None = None
    """Why nothing is enforced at the moment: somebody has thrown the kill switch."""
    off: tuple[Degraded, ...] = ()
    """Checks that an operator has switched off; every answer says so."""
    closed: frozenset[str] = frozenset()
    """Doors that an operator has closed."""

    def check_door(self, door: str) -> None:
        """Refuse what comes in at a closed door.

        Raises:
            DisabledError: this one is closed.

        """
        if door in self.closed:
            raise DisabledError(f"an operator has closed the door `{door}`")
