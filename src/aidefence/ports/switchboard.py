"""Where switches stand, for all processes at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aidefence.domain.switches import Switches


class Switchboard(Protocol):
    """Keeps the switches. Every process reads the same ones."""

    def read(self) -> Switches:
        """Read what is off.

        Raises:
            ConfigError: what is kept there is damaged.

        """

    def change(self, how: Callable[[Switches], Switches]) -> Switches:
        """Change them in one step, whoever else does so now; gives what holds after it.

        Raises:
            ConfigError: what is kept there is damaged.
            UnavailableError: it cannot be written.

        """
