"""Start a server of tools and ask it for its list: JSON-RPC over its standard streams."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

from aidefence.domain.errors import LaunchError
from aidefence.domain.launching import ServerCommand

PROTOCOL: Final = "2025-06-18"
LINE_BYTES_MAX = 8 << 20
BYTES_MAX = 64 << 20
LINES_MAX = 10_000
PAGES_MAX = 200
TOOLS_MAX = 10_000
_END_SECONDS = 2.0
# What a program needs to start; our other variables, keys among them, are none of its business.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LOGNAME", "SHELL", "TERM", "TMPDIR", "USER")
_NOT_FOUND = -32601


def list_tools(server: ServerCommand, version: str, timeout_seconds: float) -> list[Any]:
    """Start the server, ask for all pages of `tools/list`, and end it.

    Raises:
        LaunchError: it does not start, answers something else, too much, or too late.

    """
    deadline = time.monotonic() + timeout_seconds
    with _started(server) as process:
        session = _Session(server, process, deadline)
        session.ask("initialize", greeting(version))
        session.tell("notifications/initialized")
        return all_pages(server.name, session.ask)


def greeting(version: str) -> dict[str, Any]:
    """What a client says first."""
    return {
        "protocolVersion": PROTOCOL,
        "capabilities": {},
        "clientInfo": {"name": "aidefence", "version": version},
    }


def all_pages(name: str, ask: Callable[[str, dict[str, Any]], dict[str, Any]]) -> list[Any]:
    """Ask for all pages of `tools/list`.

    Raises:
        LaunchError: the server answers something else, or too much.

    """
    tools: list[Any] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        answer = ask("tools/list", {} if cursor is None else {"cursor": cursor})
        page = answer.get("tools")
        if not isinstance(page, list):
            raise LaunchError(f"server `{name}` answers without a list of tools")
        tools += page
        cursor = answer.get("nextCursor")
        if not isinstance(cursor, str) or not cursor:
            return tools
        if len(tools) > TOOLS_MAX:
            raise LaunchError(f"server `{name}` has more than {TOOLS_MAX} tools")
    raise LaunchError(f"server `{name}` has more than {PAGES_MAX} pages of tools")


class _Session:
    """One conversation: requests go out one at a time, answers are awaited until the deadline."""

    def __init__(
        self, server: ServerCommand, process: subprocess.Popen[bytes], deadline: float
    ) -> None:
        self._server = server
        self._deadline = deadline
        self._last_id = 0
        self._read = 0
        self._writer: IO[bytes] = process.stdin  # type: ignore[assignment]
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._fill, args=(process.stdout,), daemon=True).start()

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        while True:
            message = self._next(method)
            if message.get("id") == self._last_id and "method" not in message:
                break
            if "id" in message and "method" in message:
                error = {"code": _NOT_FOUND, "message": "this client only lists tools"}
                self._send({"id": message["id"], "error": error})
        result = message.get("result")
        if not isinstance(result, dict):
            raise LaunchError(f"server `{self._server.name}` refuses `{method}`")
        return result

    def tell(self, method: str) -> None:
        """Send a notification."""
        self._send({"method": method})

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        try:
            self._writer.write(line.encode())
            self._writer.flush()
        except (OSError, ValueError) as error:
            raise LaunchError(f"server `{self._server.name}` ended before it answered") from error

    def _next(self, method: str) -> dict[str, Any]:
        while True:
            left = self._deadline - time.monotonic()
            try:
                line = self._lines.get(timeout=max(left, 0.001))
            except queue.Empty:
                raise LaunchError(
                    f"server `{self._server.name}` did not answer `{method}` in time"
                ) from None
            if line is None:
                raise LaunchError(f"server `{self._server.name}` ended before it answered")
            self._read += 1
            if self._read > LINES_MAX or len(line) > LINE_BYTES_MAX:
                raise LaunchError(f"server `{self._server.name}` says too much")
            # Some programs greet on standard output before they speak the protocol.
            with suppress(ValueError, RecursionError):
                message = json.loads(line)
                if isinstance(message, dict):
                    return message

    def _fill(self, stream: IO[bytes]) -> None:
        said = 0
        with suppress(OSError, ValueError), stream:
            while said <= BYTES_MAX and (line := stream.readline(LINE_BYTES_MAX + 1)):
                said += len(line)
                self._lines.put(line)
        self._lines.put(None)


@contextmanager
def _started(server: ServerCommand) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        process = subprocess.Popen(  # noqa: S603 - that is what the caller asked for
            server.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=server.folder,
            env={**environment, **dict(server.environment)},
            # A group of its own: what the server starts ends with it.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LaunchError(f"server `{server.name}` does not start: {reason.lower()}") from error
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            break
    # Whoever of the group outlived the server ends now.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
