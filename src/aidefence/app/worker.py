"""One process that serves: made in each worker, after the fork."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aidefence.app.gateway import Gateway, open_gateway
from aidefence.app.logs import set_up_logs
from aidefence.app.settings.aside import read_aside
from aidefence.domain.errors import AIDefenceError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from aidefence.app.orders import Orders


_THREADS_MAX = 64
_log = logging.getLogger("aidefence.worker")


def load(orders: Orders) -> ASGIApp:
    """Open the gateway in this worker; the settings are those that the parent found to be right."""
    gateway = _open(orders)
    gateway.running.add(lambda: kept(gateway))
    return gateway.front


def _open(orders: Orders) -> Gateway:
    # A worker that begins later than the others begins with what holds by now.
    settings, sources = orders.settings, orders.sources
    try:
        now = settings if orders.hold else read_aside(sources)
        set_up_logs(now.log)
        return open_gateway(now, sources)
    except AIDefenceError as error:
        set_up_logs(settings.log)
        _log.error("settings not in force", extra={"reason": str(error)})
        return open_gateway(settings, sources)


@asynccontextmanager
async def kept(gateway: Gateway) -> AsyncIterator[None]:
    """Keep settings and switches up to date while it serves."""
    loop = asyncio.get_running_loop()
    # Doors ask from threads: those that wait for their turn must not keep out the more urgent.
    loop.set_default_executor(ThreadPoolExecutor(_THREADS_MAX, "aidefence"))
    # As all processes of a group may be told at once: load again, go on.
    loop.add_signal_handler(signal.SIGHUP, gateway.keeper.ask)
    gateway.keeper.start()
    yield
    gateway.keeper.end()
