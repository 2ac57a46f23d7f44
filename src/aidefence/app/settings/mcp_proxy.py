"""The proxy in front of MCP servers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from aidefence.app.settings.section import Section


class McpProxySettings(Section):
    """[The proxy](mcp.md#the-proxy) in front of MCP servers of others."""

    stop_at: Literal["review", "block"] = "review"
    """From which action on a tool, a call or an answer does not pass."""
    redact: bool = False
    """Whether private data and secrets in answers are replaced."""
    pins: Path | None = None
    """A file of [approved tools](tools.md#pins); without it, what a session lists first counts."""
    deployed: bool = False
    """Whether [policies deployed](policy-deployment.md) to the store of these settings hold."""
    tenant: str = Field(default="default", min_length=1, max_length=128)
    """For whom tools are used: whose deployed policies hold."""
    message_bytes_max: int = Field(default=8 << 20, ge=1024)
    """Bytes of one message."""
    pending_max: int = Field(default=1_024, ge=1)
    """Requests of a client that have no answer yet."""
    messages_per_second: float = Field(default=200, gt=0)
    """Messages of a client in a second, over some time."""
    burst: int = Field(default=400, ge=1)
    """Messages of a client at once."""
    answer_seconds_max: float = Field(default=300, gt=0)
    """Seconds without answer or progress after which a request is given up."""
