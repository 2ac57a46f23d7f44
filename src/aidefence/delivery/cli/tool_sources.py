"""Where scanned tool definitions come from: JSON files, standard input, started servers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aidefence.domain.content import Degraded
from aidefence.domain.errors import AIDefenceError, ContentError
from aidefence.domain.launching import ServerCommand
from aidefence.ingest.mcp_config import is_client_config, read_servers
from aidefence.ingest.tools import read_tools, servers_in

FILE_BYTES_MAX = 64 << 20
STDIN = "-"
_ADDRESSES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which file a server's tools stand in, and under which pointer."""

    path: str
    pointer: str


@dataclass(slots=True)
class Collected:
    """The tools of all servers, where each came from, and what could not be read."""

    servers: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    unread: list[Degraded] = field(default_factory=list)

    def add(self, name: str, tools: object, origin: Origin) -> None:
        """Keep the tools of one server; two of one name are two servers."""
        unique, count = name, 1
        while unique in self.servers:
            count += 1
            unique = f"{name} ({count})"
        self.servers[unique] = tools
        self.origins[unique] = origin


def collect(
    files: Sequence[str], *, launch: bool, timeout_seconds: float, tell: Callable[[str], None]
) -> Collected:
    """Read all files; `tell` is told of every server before it is started or asked."""
    collected = Collected()
    for file in files:
        if file.startswith(_ADDRESSES):
            tell(f"asking {file}")
            reason = _ask_at(file, collected, timeout_seconds)
            if reason:
                collected.errors.append(reason)
            continue
        name = "standard input" if file == STDIN else file
        try:
            document = json.loads(_read(file))
        except OSError as error:
            collected.errors.append(f"{name}: {(error.strerror or str(error)).lower()}")
        except (ValueError, RecursionError):
            collected.errors.append(f"{name}: no JSON")
        else:
            few = len(files) == 1
            if is_client_config(document):
                _ask(document, name, collected, launch, timeout_seconds, tell)
            else:
                _take(document, name, collected, "" if few else Path(file).stem)
    return collected


def _read(file: str) -> bytes:
    if file == STDIN:
        data = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
    else:
        with Path(file).open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise OSError(f"larger than {FILE_BYTES_MAX} bytes")
    return data


def _take(document: object, name: str, collected: Collected, unnamed: str) -> None:
    try:
        for server, pointer, tools in servers_in(document):
            # Each for itself: what is wrong with one must not hide the others.
            read_tools({server: tools} if server else tools)
            collected.add(server or unnamed, tools, Origin(name, pointer))
    except ContentError as error:
        collected.errors.append(f"{name}{error.path and f' at {error.path}'}: {error.reason}")
    except AIDefenceError as error:
        collected.errors.append(f"{name}: {error}")


def _ask(
    document: object,
    name: str,
    collected: Collected,
    launch: bool,
    timeout_seconds: float,
    tell: Callable[[str], None],
) -> None:
    try:
        servers = read_servers(document)
    except ContentError as error:
        collected.errors.append(f"{name} at {error.path}: {error.reason}")
        return
    for server in servers:
        if not server.command:
            reason = "it is reached over the network, and no server is asked over it"
        elif not launch:
            reason = "it was not started: give --launch to start it and ask it"
        else:
            tell(f"starting `{server.name}`: {' '.join(server.command)}")
            reason = _start(server, name, collected, timeout_seconds)
        if reason:
            collected.errors.append(f"{name}: server `{server.name}`: {reason}")


def _ask_at(url: str, collected: Collected, timeout_seconds: float) -> str:
    wiring: Any = import_module("aidefence.app.tools")
    name = urlsplit(url).netloc
    try:
        tools = wiring.ask_server_at(url, timeout_seconds=timeout_seconds)
        read_tools({name: tools})
    except AIDefenceError as error:
        return str(error)
    collected.add(name, tools, Origin(url, ""))
    return ""


def _start(server: ServerCommand, name: str, collected: Collected, timeout_seconds: float) -> str:
    # By name, as `serve` loads the gateway: wiring stands above the doors.
    wiring: Any = import_module("aidefence.app.tools")
    try:
        tools = wiring.ask_server(server, timeout_seconds=timeout_seconds)
        read_tools({server.name: tools})
    except AIDefenceError as error:
        return str(error)
    collected.add(server.name, tools, Origin(name, server.pointer))
    return ""
