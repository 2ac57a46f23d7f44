"""What a search may cost: whoever spends it all says so, and nothing hangs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

WAIT: Final = 5


class SpentError(Exception):
    """A search had to stop before it knew; says on what."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of the search for one property."""

    nodes_max: int = 20_000
    """Splits of the search for a tree."""
    quick_nodes_max: int = 2_000
    """Splits of the search for a request, before the SMT solver is asked."""
    depth_max: int = 300
    """How many splits deep."""
    steps_max: int = 6
    """Events of a trace that is searched symbol by symbol; longer ones repeat events."""
    property_ms: int = 2_000
    """Time of the processor for one property: a machine that is busy with other things decides
    the same. On the clock it may take `WAIT` times as long."""
    solver_ms: int = 1_500
    """Of that, what the SMT solver may use."""

    def start(self) -> Purse:
        """Begin to spend; the thread that begins is the one that pays."""
        return Purse(self)


class Purse:
    """What is left of a budget while one property is searched."""

    __slots__ = ("_begun", "_nodes", "_nodes_max", "_worked", "limits")

    def __init__(self, limits: Budget) -> None:
        self.limits = limits
        self._begun, self._worked = time.monotonic(), time.thread_time()
        self._nodes = self._nodes_max = limits.nodes_max

    def refill(self, nodes_max: int) -> None:
        """Give the next search of the same property its own nodes; the clock goes on."""
        self._nodes = self._nodes_max = nodes_max

    def spend(self, depth: int) -> None:
        """Pay for one node at a depth.

        Raises:
            SpentError: nothing is left.

        """
        self._nodes -= 1
        if self._nodes < 0:
            raise SpentError(f"more than {self._nodes_max} cases")
        if depth > self.limits.depth_max:
            raise SpentError(f"cases nested deeper than {self.limits.depth_max}")
        if not self._nodes & 15:
            self.check_time()

    def check_time(self) -> None:
        """Look at the clocks.

        Raises:
            SpentError: the time is over.

        """
        if self.left_ms == 0:
            raise SpentError(f"more than {self.limits.property_ms} ms")

    @property
    def left_ms(self) -> int:
        """What is left: of the work, or of the clock where that is nearer its end."""
        worked = self.limits.property_ms - (time.thread_time() - self._worked) * 1000
        waited = self.limits.property_ms * WAIT - (time.monotonic() - self._begun) * 1000
        return max(0, round(min(worked, waited)))
