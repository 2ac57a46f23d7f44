"""The gRPC door."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section


class GrpcSettings(Section):
    """The gRPC door."""

    enabled: bool = False
    """Whether this door is open."""
    port: int = Field(default=50051, ge=1, le=65535)
    """Its port, on the address of the server."""
