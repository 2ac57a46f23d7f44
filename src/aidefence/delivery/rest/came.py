"""Who sent something, from where, and how it is to be answered."""

from __future__ import annotations

from dataclasses import dataclass

from aidefence.domain.access import Caller


@dataclass(slots=True)
class Came:
    """One request on its way through the door."""

    request_id: str
    caller: Caller
    peer: str | None = None
    core_actions: bool = False
    at_ns: int = 0
    """When its body was there, on the clock that is monotonic."""
    deadline_ns: int = 0
    """When the client needs the answer, on the same clock; 0 if it did not say."""
    location: str | None = None
    """Where the answer will be, if it was promised for later."""
