"""The server itself: tools and resources registered, who may use which, errors in one shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool

from aidefence.delivery.http.contents import Limits
from aidefence.delivery.mcp.refusing import refusals
from aidefence.delivery.mcp.resources import FINDINGS, RULES, add_resources
from aidefence.delivery.mcp.toolbox import Toolbox, caller_of
from aidefence.domain.access import Caller, Permission
from aidefence.domain.refusals import ForbiddenError
from aidefence.service.services import Services

NAME = "aidefence"
INSTRUCTIONS = (
    "Inspects texts around a language model. `detect` judges one text, `inspect_answer` an answer, "
    "`scan_tools` tool definitions; `redact` takes private data out; `policy_create` writes down a "
    "policy."
)
_READS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_NOTES = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_WRITES = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
_PERMISSIONS: Mapping[str, Permission] = {
    RULES: Permission.READ_RULES,
    FINDINGS: Permission.READ_FEED,
}


def make_server(services: Services, limits: Limits, version: str) -> MCPServer[Any]:
    """Build the server; every use case that is there has its tool."""
    toolbox = Toolbox(services, limits)
    offered = (
        ("Detect threats", toolbox.detect),
        ("Inspect an answer", toolbox.inspect_answer),
        ("Scan tool definitions", toolbox.scan_tools),
        ("Redact private data", toolbox.redact),
    )
    tools = [_tool(title, function, _READS) for title, function in offered]
    if services.feedback is not None:
        tools.append(_tool("Give feedback", toolbox.feedback, _NOTES))
    if services.policies is not None:
        tools.append(_tool("Write a policy", toolbox.policy_create, _WRITES))
    with _logging_left_alone():
        server: MCPServer[Any] = MCPServer(
            NAME,
            title="AI Defence",
            instructions=INSTRUCTIONS,
            version=version,
            tools=tools,
            subscriptions=False,
            middleware=[_Doorkeeper(services)],
        )
    add_resources(server, services)
    return server


def _tool(title: str, function: Callable[..., object], annotations: types.ToolAnnotations) -> Tool:
    description = " ".join((function.__doc__ or "").split())
    tool = Tool.from_function(
        function,
        title=title,
        description=description,
        annotations=annotations,
        structured_output=True,
    )
    # A misspelled argument must not pass for one that was left out.
    arguments = tool.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    tool.parameters = arguments.model_json_schema(by_alias=True)
    return tool


class _Doorkeeper:
    """Stands before every method: resources are for those who may see them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        if ctx.method == "resources/read":
            with refusals(self._services.meter):
                _check(str((ctx.params or {}).get("uri", "")), caller_of(ctx.request))
        return await call_next(ctx)


def _check(uri: str, caller: Caller) -> None:
    needed = next((it for start, it in _PERMISSIONS.items() if uri.startswith(start)), None)
    if needed is not None and not caller.may(needed):
        raise ForbiddenError(f"`{caller.id}` ({caller.role.value}) may not `{needed}`")


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    # The kit sets up the log of the whole process if nobody has; that is for whoever started it.
    root, nothing = logging.getLogger(), logging.NullHandler()
    root.addHandler(nothing)
    try:
        yield
    finally:
        root.removeHandler(nothing)
