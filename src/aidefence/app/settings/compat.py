"""Doors that answer as other products do."""

from __future__ import annotations

from aidefence.app.settings.section import Section
from aidefence.app.settings.words import CompatDialect


class CompatSettings(Section):
    """Doors that answer [as other products do](compat.md)."""

    enabled: bool = True
    """Whether these doors are open."""
    dialects: tuple[CompatDialect, ...] = tuple(CompatDialect)
    """Which of them: `lakera`, `litellm`, `moderations`, `azure`, `presidio` …"""
