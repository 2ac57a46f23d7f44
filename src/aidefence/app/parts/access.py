"""Who is let in."""

from __future__ import annotations

from aidefence.adapters.open_house import everybody_is_local
from aidefence.app.settings import Settings
from aidefence.service.gate import Gate


def open_gate(settings: Settings) -> Gate:  # noqa: ARG001 -- what is set decides it
    """Open the gate."""
    return Gate(everybody_is_local)
