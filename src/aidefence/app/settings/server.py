"""Where the gateway listens, and its limits."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section


class ServerSettings(Section):
    """Where the gateway listens, and its limits."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8080, ge=1, le=65535)
    """Port to listen on."""
    workers: int = Field(default=1, ge=1, le=256)
    """Worker processes."""
    insecure: bool = False
    """Start without keys even where others than this machine can reach the gateway."""
    body_bytes_max: int = Field(default=8 << 20, ge=1024)
    """Bytes of a request."""
    header_seconds_max: float = Field(default=10, gt=0, le=600)
    """Seconds in which the headers of a request must have come in."""
    body_seconds_max: float = Field(default=30, gt=0, le=3600)
    """Seconds in which the whole body of a request must have come in."""
    content_code_points_max: int = Field(default=1 << 20, ge=1)
    """Code points of all contents of a request."""
    batch_requests_max: int = Field(default=1000, ge=1, le=100_000)
    """Requests in a batch."""
    incoming_bytes_max: int = Field(default=128 << 20, ge=1024)
    """Bytes that a door of a worker holds of bodies that are not whole yet."""
    connections_max: int = Field(default=4096, ge=16)
    """Connections of a worker that wait for a request or are answered; more wait to be taken."""
    sockets_max: int = Field(default=256, ge=1)
    """WebSockets that a door of a worker holds open."""
    sockets_of_one_max: int = Field(default=64, ge=1)
    """Of these, those of one caller."""
    node: str = Field(default="local", max_length=128)
    """The name of this machine in answers."""
    watch_files: bool = True
    """Whether settings, rules and lists are loaded again when their files change."""
    drain_seconds: float = Field(default=0, ge=0, le=600)
    """Seconds between `/readyz` saying 503 and the end of listening, for load balancers to see."""
    grace_seconds: int = Field(default=10, ge=1, le=600)
    """Seconds for running requests when it stops."""
