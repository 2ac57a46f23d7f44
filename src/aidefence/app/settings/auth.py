"""How callers prove who they are."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class AuthSettings(Section):
    """How callers prove who they are."""
