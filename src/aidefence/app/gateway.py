"""The gateway: its doors wired up and served."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from functools import partial

from granian import Granian
from granian.constants import HTTPModes, Interfaces, TaskImpl

from aidefence.adapters.memory import settle
from aidefence.app.doors import routes_of_doors
from aidefence.app.services import make_services
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import settle as settle_settings
from aidefence.app.wiring import corridor_for
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.http.front import Front
from aidefence.delivery.rest.door import RestDoor
from aidefence.domain.errors import AddressError


def make_app(settings: Settings) -> Front:
    """Wire all doors that are open; the engine is built before the first request comes in."""
    server = settings.server
    limits = Limits(
        body_bytes_max=server.body_bytes_max,
        content_code_points_max=server.content_code_points_max,
        batch_requests_max=server.batch_requests_max,
    )
    services = make_services(settings)
    return Front(RestDoor(services, limits), routes_of_doors(services, settings))


def run(sources: Sources) -> None:
    """Read the settings and serve.

    Raises:
        ConfigError: settings, rules or a model are wrong; told before a port is taken.
        AddressError: nobody can listen there.

    """
    settings = settle_settings(sources.gather())
    make_app(settings)
    serve(settings)


def serve(settings: Settings) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; running requests are finished first."""
    server = settings.server
    check_address(server.host, server.port)
    # Workers begin as copies of this process: what it holds, each of them holds.
    settle()
    Granian(
        "aidefence.app.gateway",
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGINL,
        workers=server.workers,
        http=HTTPModes.http1,
        websockets=True,
        backpressure=server.concurrent_requests_max,
        workers_kill_timeout=server.grace_seconds,
        task_impl=TaskImpl.asyncio,
        log_level=settings.log.level,  # type: ignore[arg-type]  # granian compares strings
    ).serve(target_loader=partial(_load, settings), wrap_loader=False)


def check_address(host: str, port: int) -> None:
    """Refuse a port that is taken: the server itself would share it silently."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # A port whose last connections are still closing is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressError(f"port {port} on {host} is taken: choose another") from None
            reason = (error.strerror or str(error)).lower()
            raise AddressError(f"cannot listen on {host}:{port}: {reason}") from None


def _load(settings: Settings, *_: object) -> Front:
    # In the worker: what the parent decided holds, not the environment once more.
    door = make_app(settings)
    # What fails here is told by /readyz and by every text that needed it; the rest goes on.
    with suppress(Exception):
        corridor_for(settings.setup()).warm()
    settle()
    return door
