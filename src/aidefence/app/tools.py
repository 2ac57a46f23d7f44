"""The front door of tools: definitions, pins, calls and traces, wired to a guard."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from aidefence.adapters.pins import PinFile
from aidefence.app.setup import Setup
from aidefence.app.tool_book import shared_book
from aidefence.app.wiring import corridor_for
from aidefence.domain.enums import Origin
from aidefence.domain.errors import ContentError
from aidefence.domain.launching import ServerCommand
from aidefence.domain.tools import CallDecision, ToolsDecision, TraceDecision
from aidefence.ingest.messages import Inspectable
from aidefence.ingest.tools import Tools, ToolSet, read_tools
from aidefence.service.tools import ToolInspector, gone, pin_name
from aidefence.service.traces import FlowWatcher, Tracer

PinsLike: TypeAlias = "ToolPins | Path | str | None"
_KEY_BYTES = 32
FLOWS = "flows"


class ToolPins:
    """Approved tool definitions in a file, which several processes may share.

    With a `key` the file is sealed: a pin that somebody wrote without it is refused.
    """

    __slots__ = ("_file",)

    def __init__(self, path: Path | str, *, key: bytes | None = None) -> None:
        """Use the file `path`; it is made by the first approval.

        Raises:
            PinError: the key is shorter than 16 bytes.

        """
        self._file = PinFile(Path(path), key)

    def approve(self, tools: Tools, *, prune: bool = False) -> None:
        """Approve these definitions as they are now.

        With `prune` the pins of their servers that are among them no more are taken away.

        Raises:
            ContentError: something is no tool definition.
            PinError: the file cannot be read or written.

        """
        approve(self._file, read_tools(tools), prune=prune)

    def read(self) -> Mapping[tuple[str, str], Mapping[str, object]]:
        """Give the approved definitions by server and name."""
        return {(name.server, name.tool): it for name, it in self._file.read().items()}

    @property
    def file(self) -> PinFile:
        """The file behind it."""
        return self._file


def ask_server(server: ServerCommand, *, timeout_seconds: float) -> list[Any]:
    """Start a server and ask it for its tools.

    Raises:
        LaunchError: it does not start, or does not answer as a server of tools.

    """
    # Who starts no servers need not load what does.
    from aidefence import __version__  # noqa: PLC0415
    from aidefence.adapters.mcp_stdio import list_tools  # noqa: PLC0415

    return list_tools(server, __version__, timeout_seconds)


def ask_server_at(url: str, *, timeout_seconds: float) -> list[Any]:
    """Ask a server behind an address for its tools.

    Raises:
        LaunchError: it cannot be reached, or does not answer as a server of tools.

    """
    from aidefence import __version__  # noqa: PLC0415
    from aidefence.adapters.mcp_http import list_tools_at  # noqa: PLC0415

    return list_tools_at(url, __version__, timeout_seconds)


def approve(file: PinFile, given: ToolSet, *, prune: bool) -> None:
    """Write the definitions that were given into the file."""
    definitions = {pin_name(tool): tool.definition for tool in given.tools}
    removed = gone(given.tools, file.read()) if prune else frozenset()
    file.approve(definitions, removed)


def inspect_tools(setup: Setup, tools: Tools, pins: PinsLike) -> ToolsDecision:
    """Inspect definitions with the guard of this setup."""
    pinned = None if pins is None else _open(pins).file.read()
    return inspector_for(setup).inspect(read_tools(tools), pinned)


def inspect_call(
    setup: Setup,
    name: str,
    arguments: object,
    *,
    tools: Tools | None,
    task: str | None,
    seen: Sequence[str],
) -> CallDecision:
    """Inspect one call with the guard of this setup."""
    given: tuple[object, ...] = (name, task or "", *(() if isinstance(seen, str) else seen))
    if isinstance(seen, str) or not all(isinstance(it, str) for it in given):
        raise ContentError("a name, a task and a list of what was seen are texts")
    return _tracer(setup, tools).call(name, arguments, task, seen)


def inspect_trace(setup: Setup, messages: Inspectable, tools: Tools | None) -> TraceDecision:
    """Inspect a whole trace with the guard of this setup."""
    if tools is None and isinstance(messages, Mapping):
        # A request says itself which tools its model was given.
        given = messages.get("tools")
        tools = given if isinstance(given, Sequence) and given else None
    return _tracer(setup, tools).trace(messages)


def flow_watcher(
    setup: Setup, tools: Tools | None = None, *, key: bytes | None = None
) -> FlowWatcher:
    """Make what follows the flows of conversations; who goes on with a state needs its key."""
    return FlowWatcher(_tracer(setup, tools, key))


def _tracer(setup: Setup, tools: Tools | None, key: bytes | None = None) -> Tracer:
    definitions = () if tools is None else read_tools(tools).tools
    return Tracer(inspector_for(setup), key or _process_key(), definitions)


@lru_cache(maxsize=1)
def _process_key() -> bytes:
    """What is remembered of traces is read by this process alone."""
    return os.urandom(_KEY_BYTES)


def inspector_for(setup: Setup) -> ToolInspector:
    """Build the inspector of a setup; all share the rules about tools."""
    book, titles = shared_book()
    everywhere = {"*", Origin.TOOL.value}
    silent = tuple(it.rules for it in setup.exclude if it.origin in everywhere)
    return ToolInspector(corridor_for(setup), book, titles, silent)


def _open(pins: ToolPins | Path | str) -> ToolPins:
    return pins if isinstance(pins, ToolPins) else ToolPins(pins)
