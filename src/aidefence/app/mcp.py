"""The MCP server as a program of its own: a client starts it and speaks over its streams."""

from __future__ import annotations

from aidefence.app.doors.mcp import make_mcp_server
from aidefence.app.services import make_services
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.wiring import corridor_for


def serve_stdio(sources: Sources) -> None:
    """Serve over standard input and output until the client closes them.

    Raises:
        ConfigError: settings, rules or a model are wrong.
        MissingExtraError: what speaks the protocol is not installed.

    """
    settings = read_sources(sources)
    server = make_mcp_server(make_services(settings), settings)
    # Before the first call, which would wait for it, and before the client may give up on us.
    corridor_for(settings.setup()).warm()
    server.run("stdio")
