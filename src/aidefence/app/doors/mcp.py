"""The MCP door: over HTTP at one path of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aidefence import __version__
from aidefence.app.parts.asked import limits_of
from aidefence.app.running import Running
from aidefence.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.service.services import Services


def open_door(services: Services, settings: Settings, _: Running) -> Sequence[BaseRoute]:
    """Open the door; gives its one route.

    Raises:
        MissingExtraError: what speaks the protocol is not installed.

    """
    from starlette.routing import Route  # noqa: PLC0415

    server = make_mcp_server(services, settings)
    from aidefence.delivery.mcp.door import PATH, DoorLimits, McpDoor  # noqa: PLC0415

    limits = DoorLimits(
        body_bytes_max=settings.server.body_bytes_max,
        body_seconds_max=settings.server.body_seconds_max,
        concurrent_max=settings.mcp.concurrent_max,
        origins=settings.mcp.origins,
    )
    return [Route(PATH, McpDoor(server, services, limits))]


def make_mcp_server(services: Services, settings: Settings) -> MCPServer[Any]:
    """Build the server over the use cases of a gateway.

    Raises:
        MissingExtraError: what speaks the protocol is not installed.

    """
    try:
        from aidefence.delivery.mcp.server import make_server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in {"mcp", "mcp_types"}:
            raise
        raise MissingExtraError("the MCP door", "mcp") from error
    return make_server(services, limits_of(settings), __version__)
