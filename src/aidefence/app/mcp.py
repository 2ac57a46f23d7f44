"""The MCP server as a program of its own: a client starts it and speaks over its streams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aidefence.app.doors.mcp import make_mcp_server
from aidefence.app.running import Running
from aidefence.app.services import open_keeper, wire_services
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.wiring import corridor_for

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def serve_stdio(sources: Sources) -> None:
    """Serve over standard input and output until the client closes them.

    Raises:
        ConfigError: settings, rules or a model are wrong.
        MissingExtraError: what speaks the protocol is not installed.

    """
    settings = read_sources(sources)
    running = Running()
    services = wire_services(settings, open_keeper(settings), running)
    server = make_mcp_server(services, settings)
    # Before the first call, which would wait for it, and before the client may give up on us.
    corridor_for(settings.setup()).warm()
    asyncio.run(_serve(server, running))


async def _serve(server: MCPServer[Any], running: Running) -> None:
    async with running.all():
        await server.run_stdio_async()
