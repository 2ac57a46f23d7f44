"""What holds for every request until an operator changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aidefence.domain.content import Degraded
from aidefence.domain.refusals import DisabledError
from aidefence.service.guarding import Guarding
from aidefence.service.inspect import Inspector
from aidefence.service.talks import Talks


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for every request until an operator changes it; replaced whole, not in parts."""

    inspector: Inspector
    guard: Guarding
    """The guard with the same policy and knowledge, for what is no detection."""
    talks: Talks | None = None
    """Follows sessions; none where each request is judged by itself."""
    elsewhere: Mapping[str, tuple[Inspector, Talks | None]] = field(default_factory=dict)
    """The same two for doors with a word of their own on failed checks."""
    suspended: Degraded | None = None
    """Why nothing is enforced at the moment: somebody has thrown the kill switch."""
    off: tuple[Degraded, ...] = ()
    """Checks that an operator has switched off; every answer says so."""
    closed: frozenset[str] = frozenset()
    """Doors that an operator has closed."""

    def at(self, door: str) -> tuple[Inspector, Talks | None]:
        """Who inspects what comes in at a door, and who follows its sessions."""
        return self.elsewhere.get(door) or (self.inspector, self.talks)

    def check_door(self, door: str) -> None:
        """Refuse what comes in at a closed door.

        Raises:
            DisabledError: this one is closed.

        """
        if door in self.closed:
            raise DisabledError(f"an operator has closed the door `{door}`")
