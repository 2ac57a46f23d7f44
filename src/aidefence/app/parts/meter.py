"""What counts for Prometheus."""

from __future__ import annotations

from aidefence.adapters.prometheus import PrometheusMeter
from aidefence.app.doors import names_of_doors
from aidefence.app.settings import Settings


def open_meter(settings: Settings) -> PrometheusMeter:
    """Open the counts, one row for each door that is open; all workers count together."""
    return PrometheusMeter(names_of_doors(settings), settings.state_dir / "run" / "metrics")
