"""The gRPC door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from aidefence.app.settings.listing import AsWritten
from aidefence.app.settings.section import Section
from aidefence.domain.proxying import Unread


class GrpcSettings(Section):
    """The gRPC door: a port of its own, with the certificates of the gateway."""

    enabled: bool = False
    """Whether this door is open."""
    port: int = Field(default=50051, ge=1, le=65535)
    """Its port, on the address of the server."""
    calls_max: int = Field(default=512, ge=1, le=100_000)
    """Calls in work at once in a worker; more are told to come again."""
    streams_max: int = Field(default=256, ge=1, le=100_000)
    """Calls at once on one connection."""
    reflection: bool = True
    """Whether clients may ask for the contract."""
    envoy: bool = False
    """Whether [Envoy's filters](grpc.md#envoy) are answered, too."""
    envoy_unread: Unread = Unread.BLOCK
    """What becomes of a body that Envoy shows and this version cannot read."""
    envoy_headers: Annotated[tuple[str, ...], AsWritten] = ()
    """Headers of requests that are inspected with query and body, in lower case."""

    @field_validator("envoy_headers", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        # A variable of the environment holds a list as `a, b`.
        if not isinstance(given, str):
            return given
        return tuple(part.strip().lower() for part in given.split(",") if part.strip())
