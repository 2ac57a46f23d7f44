"""The GraphQL door."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class GraphqlSettings(Section):
    """The GraphQL door."""

    enabled: bool = False
    """Whether this door is open."""
