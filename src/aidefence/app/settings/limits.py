"""How much callers may ask."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class LimitSettings(Section):
    """How much callers may ask."""
