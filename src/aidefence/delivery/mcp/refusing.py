"""How the kit is told what went wrong: refusals are errors of the protocol, others of tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError

from aidefence.delivery.mcp.codes import code_of, data_of
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.refusals import RefusedError
from aidefence.ports.meter import Meter

DOOR = "mcp"


@contextmanager
def refusals(meter: Meter) -> Iterator[None]:
    """Turn our errors into the kit's, which says of all others only that something failed."""
    try:
        yield
    except RefusedError as error:
        code = int(code_of(error))
        meter.refuse(DOOR, code)
        raise MCPError(code=code, message=str(error), data=data_of(error)) from None
    except AIDefenceError as error:
        # A `ContentError` knows the place; without it nobody finds the wrong one of many tools.
        path = getattr(error, "path", "")
        raise ToolError(f"{path}: {error}" if path else str(error)) from None
