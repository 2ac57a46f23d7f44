"""What happens when more is asked than can be answered in time."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section
from aidefence.domain.refusals import WhenFull


class OverloadSettings(Section):
    """What happens when more is asked than can be answered in time."""

    slow_requests_max: int = Field(default=8, ge=1, le=1024)
    """Requests that take longer than microseconds, in work at once in a worker."""
    waiting_requests_max: int = Field(default=256, ge=0, le=100_000)
    """How many more of these may wait; then the least urgent are refused."""
    slow_requests_of_one_max: int | None = Field(default=None, ge=1, le=100_000)
    """How many of both may be of one key in a worker; more get 429. By default any number."""
    when_full: WhenFull = WhenFull.REFUSE
    """What becomes of those: refused, or answered by the engine alone under `on_error`."""
