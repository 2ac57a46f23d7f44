"""Doors that answer as other products do."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class CompatSettings(Section):
    """Doors that answer as other products do."""

    enabled: bool = True
    """Whether these doors are open."""
