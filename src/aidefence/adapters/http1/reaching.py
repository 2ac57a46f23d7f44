"""From the name of a server to a connection."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aidefence.adapters.http1.errors import ExchangeError, SilenceError
from aidefence.adapters.http1.wire import Wire

# So long the first address has for itself, before the next is tried beside it.
_HEAD_START_SECONDS = 0.25

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """A server: `authority` is how its name is written in requests."""

    host: str
    port: int
    tls: bool
    authority: bytes


async def reach(origin: Origin, tls: Callable[[], ssl.SSLContext], seconds: float) -> Wire:
    """Connect, over TLS where the origin says so.

    Raises:
        SilenceError: it takes longer than that.
        ExchangeError: nobody is there, or whoever is there cannot show that it is the right one.

    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            reached = await _first(loop, found)
            context, name = (tls(), origin.host) if origin.tls else (None, None)
            try:
                _, wire = await loop.create_connection(
                    Wire, sock=reached, ssl=context, server_hostname=name
                )
            except BaseException:
                reached.close()
                raise
            return wire
    except TimeoutError as error:
        raise SilenceError("could not be reached in time") from error
    except (OSError, UnicodeError) as error:
        raise ExchangeError("cannot be reached") from error


async def _first(loop: asyncio.AbstractEventLoop, addresses: Sequence[_Address]) -> socket.socket:
    """Connect to whichever address answers first, each tried a little after the one before."""
    if len(addresses) == 1:
        return await _connected(loop, addresses[0])
    tries: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException = OSError("it has no address")
    todo = list(reversed(addresses))
    try:
        while todo or tries:
            if todo:
                tries.add(loop.create_task(_connected(loop, todo.pop())))
            wait = _HEAD_START_SECONDS if todo else None
            done, tries = await asyncio.wait(
                tries, timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
            for at, ended in enumerate(list(done)):
                problem = ended.exception()
                if problem is None:
                    tries |= set(list(done)[at + 1 :])
                    return ended.result()
                failure = problem
        raise failure
    finally:
        for late in tries:
            late.add_done_callback(_close)
            late.cancel()


async def _connected(loop: asyncio.AbstractEventLoop, address: _Address) -> socket.socket:
    family, kind, protocol, _, where = address
    tried = socket.socket(family, kind, protocol)
    try:
        tried.setblocking(False)
        tried.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(tried, where)
    except BaseException:
        tried.close()
        raise
    return tried


def _close(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()
