"""Whether requests that name a session are followed, and for how long."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section
from aidefence.domain.enums import Action


class ConversationSettings(Section):
    """Whether requests that name a session are [followed](conversations.md#at-the-gateway)."""

    enabled: bool = False
    """Whether what a session said before counts; each such request writes to a file."""
    ttl_seconds: float = Field(default=86_400, gt=0, le=10 * 365 * 86_400)
    """After so long without a new message a session is forgotten."""
    kept_max: int = Field(default=100_000, ge=1)
    """Sessions that are kept; past it those go first in which nothing was said for longest."""
    risk_threshold: float = Field(default=0.55, gt=0, le=1)
    """The risk from which a message that adds to it gets `risk_action`."""
    risk_action: Action = Action.FLAG
    """What such a message gets at least."""
