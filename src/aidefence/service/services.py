"""All use cases of a gateway in one hand: what a door is given."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.ports.clock import Clock
from aidefence.ports.ids import Ids
from aidefence.ports.meter import Meter
from aidefence.service.desk import Desk
from aidefence.service.gate import Gate
from aidefence.service.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Services:
    """Use cases and the few things of the outside world that doors need."""

    desk: Desk
    gate: Gate
    meter: Meter
    clock: Clock
    ids: Ids
    workshop: Workshop
    versions: dict[str, str]
    """What knowledge speaks, by detector."""
    node: str = "local"
