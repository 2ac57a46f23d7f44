"""The MCP door."""

from __future__ import annotations

from aidefence.app.settings.section import Section


class McpSettings(Section):
    """The MCP door over HTTP."""

    enabled: bool = False
    """Whether this door is open, at `/mcp`."""
