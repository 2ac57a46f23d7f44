"""How much somebody may ask."""

from __future__ import annotations

from aidefence.adapters.open_house import Unlimited
from aidefence.app.settings import Settings
from aidefence.ports.admission import Admission


def open_admission(settings: Settings) -> Admission:  # noqa: ARG001 -- what is set decides it
    """Open what counts requests against limits."""
    return Unlimited()
