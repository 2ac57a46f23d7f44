"""The tools and resources that the server offers, as one document for people and for diffs."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.mcpserver import MCPServer
from pydantic import BaseModel


def make_definitions(server: MCPServer[Any]) -> dict[str, Any]:
    """Describe a server as its clients see it."""
    tools, resources, templates = asyncio.run(_listed(server))
    return {
        "name": server.name,
        "instructions": server.instructions,
        "tools": [_plain(it) for it in tools],
        "resources": [_plain(it) for it in resources],
        "resourceTemplates": [_plain(it) for it in templates],
    }


async def _listed(
    server: MCPServer[Any],
) -> tuple[list[Any], list[Any], list[Any]]:
    return (
        await server.list_tools(),
        await server.list_resources(),
        await server.list_resource_templates(),
    )


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
