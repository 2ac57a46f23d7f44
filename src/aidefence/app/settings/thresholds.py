"""From which confidence on something is flagged and blocked."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section
from aidefence.policy.profiles import NEVER


class ThresholdSettings(Section):
    """Confidence from which a category is flagged and, if ever, blocked."""

    flag: float = Field(ge=0)
    """Confidence from which the category is flagged; by default the profile says."""
    block: float = Field(default=NEVER, ge=0)
    """Confidence from which it is blocked; by default never."""
