"""The MCP door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from aidefence.app.settings.listing import AsWritten
from aidefence.app.settings.section import Section


class McpSettings(Section):
    """The MCP door over HTTP."""

    enabled: bool = False
    """Whether this door is open, at `/mcp`."""
    concurrent_max: int = Field(default=256, ge=1, le=100_000)
    """Requests under way in one worker, streams among them; more are refused."""
    origins: Annotated[tuple[str, ...], AsWritten] = ()
    """Web pages that may ask from a browser, such as `https://app.example.com`, beside loopback."""

    @field_validator("origins", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        # A variable of the environment holds a list as `a, b`.
        if not isinstance(given, str):
            return given
        return tuple(part.strip() for part in given.split(",") if part.strip())
