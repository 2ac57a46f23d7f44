"""What is known of the request that is being answered, for whoever writes a line about it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Visit:
    """One request at one door; filled while it is answered."""

    caller: str = ""
    door: str = ""
    request_id: str = ""


VISIT: ContextVar[Visit | None] = ContextVar("visit", default=None)
"""None where nobody writes such lines."""
