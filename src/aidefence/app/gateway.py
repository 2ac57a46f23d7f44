"""The gateway: the REST door wired up and served."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from functools import partial

from granian import Granian
from granian.constants import HTTPModes, Interfaces, TaskImpl

from aidefence import __version__
from aidefence.adapters.memory import settle
from aidefence.adapters.open_house import Forgetful, Unlimited, everybody_is_local
from aidefence.adapters.prometheus import PrometheusMeter
from aidefence.adapters.system import RandomIds, SystemClock
from aidefence.app.guard import Guard
from aidefence.app.settings import FixedSettings, Settings
from aidefence.app.wiring import corridor_for
from aidefence.delivery.http.contents import Limits
from aidefence.delivery.rest.door import DOOR, RestDoor
from aidefence.domain.errors import AddressError
from aidefence.service.desk import Desk, Standing
from aidefence.service.gate import Gate
from aidefence.service.inspect import Inspector
from aidefence.service.services import Services
from aidefence.service.workshop import Workshop


def make_app(settings: Settings) -> RestDoor:
    """Wire the REST door; the engine is built before the first request comes in."""
    server = settings.server
    limits = Limits(
        body_bytes_max=server.body_bytes_max,
        content_code_points_max=server.content_code_points_max,
        batch_requests_max=server.batch_requests_max,
    )
    return RestDoor(make_services(settings), limits)


def make_services(settings: Settings) -> Services:
    """Wire the use cases that all doors share."""
    setup = settings.setup()
    corridor = corridor_for(setup)
    meter = PrometheusMeter((DOOR,))
    standing = Standing(Inspector(corridor), Guard.of(setup))
    desk = Desk(standing, Unlimited(), Forgetful(), meter)
    return Services(
        desk=desk,
        gate=Gate(everybody_is_local),
        meter=meter,
        clock=SystemClock(),
        ids=RandomIds(),
        workshop=Workshop(desk),
        versions={"engine": __version__, **corridor.charter.knowledge},
        node=settings.server.node,
    )


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
        websockets=False,
        backpressure=server.concurrent_requests_max,
        workers_kill_timeout=server.grace_seconds,
        task_impl=TaskImpl.asyncio,
        log_level=server.log_level,  # type: ignore[arg-type]  # granian compares strings
    ).serve(target_loader=partial(_load, settings.model_dump_json()), wrap_loader=False)


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


def _load(settings: str, *_: object) -> RestDoor:
    # In the worker: what the parent decided holds, not the environment once more.
    fixed = FixedSettings.model_validate_json(settings)
    door = make_app(fixed)
    # What fails here is told by /readyz and by every text that needed it; the rest goes on.
    with suppress(Exception):
        corridor_for(fixed.setup()).warm()
    settle()
    return door
