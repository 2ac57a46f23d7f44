"""Pages for a browser."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class ConsoleSettings(Section):
    """Pages for a browser: the playground and the reference of the API."""

    enabled: bool = True
    """Whether these pages are served."""
