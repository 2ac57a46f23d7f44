"""What one request may ask for, at every door alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidefence.delivery.http.connections import Crowd
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.incoming import Incoming

if TYPE_CHECKING:
    from aidefence.app.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """Read them out of the settings, for one door."""
    server = settings.server
    return Limits(
        body_bytes_max=server.body_bytes_max,
        body_seconds_max=server.body_seconds_max,
        content_code_points_max=server.content_code_points_max,
        batch_requests_max=server.batch_requests_max,
        incoming=Incoming(server.incoming_bytes_max),
    )


def crowd_of(settings: Settings) -> Crowd:
    """Count WebSockets of one door, against the settings."""
    server = settings.server
    return Crowd(server.sockets_max, server.sockets_of_one_max)
