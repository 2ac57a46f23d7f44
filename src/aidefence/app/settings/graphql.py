"""The GraphQL door."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section


class GraphqlSettings(Section):
    """The GraphQL door."""

    enabled: bool = False
    """Whether this door is open."""
    depth_max: int = Field(default=15, ge=1, le=100)
    """Levels of an operation, with its fragments unfolded."""
    fields_max: int = Field(default=400, ge=1, le=10_000)
    """Fields of an operation, with its fragments unfolded."""
    aliases_max: int = Field(default=30, ge=0, le=10_000)
    """Fields that an operation gives names of its own."""
    cost_max: int = Field(default=50_000, ge=1, le=10_000_000)
    """Objects in an answer, with lists as long as an operation asks for them."""
