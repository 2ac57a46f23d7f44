"""What counts for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidefence.adapters.prometheus import PrometheusMeter
from aidefence.app.doors import names_of_doors

if TYPE_CHECKING:
    from aidefence.app.settings import Settings


def open_meter(settings: Settings) -> PrometheusMeter:
    """Open the counts, one row for each door that is open; all workers count together."""
    return PrometheusMeter(names_of_doors(settings), settings.state_dir / "run" / "metrics")
