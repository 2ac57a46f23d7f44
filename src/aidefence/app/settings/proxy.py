"""The door in front of models."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class ProxySettings(Section):
    """The door in front of models."""

    enabled: bool = False
    """Whether this door is open."""
