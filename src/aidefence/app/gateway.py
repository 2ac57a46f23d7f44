"""The gateway in one process: its use cases, its doors, and what keeps them up to date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidefence.app.doors import open_doors
from aidefence.app.keeper import Keeper
from aidefence.app.logs import access_lines
from aidefence.app.parts.asked import crowd_of, limits_of
from aidefence.app.parts.tracing import open_tracing, sending
from aidefence.app.running import Running
from aidefence.app.services import open_keeper, wire_services
from aidefence.app.steward import JobWorkers
from aidefence.delivery.http.access_log import AccessLog
from aidefence.delivery.http.forwarded import Proxies
from aidefence.delivery.http.front import Front
from aidefence.delivery.rest.door import RestDoor
from aidefence.service.services import Services

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from aidefence.app.settings import Settings, Sources


@dataclass(frozen=True, slots=True)
class Gateway:
    """What one process serves with."""

    front: ASGIApp
    services: Services
    keeper: Keeper
    running: Running


def make_app(settings: Settings) -> ASGIApp:
    """Wire all doors that are open, for whoever serves the application; nothing is watched."""
    return open_gateway(settings).front


def open_gateway(settings: Settings, sources: Sources | None = None) -> Gateway:
    """Wire use cases and doors; the engine is built before the first request comes in.

    `sources` are read again when somebody asks for it; without them the settings stay.

    Raises:
        ConfigError: rules, lists or a model are wrong.

    """
    keeper, running = open_keeper(settings, sources), Running()
    services = wire_services(settings, keeper, running)
    rest = RestDoor(services, limits_of(settings), crowd_of(settings))
    if services.jobs is not None:
        workers = JobWorkers(services.jobs, rest.job_handlers, settings.store.job_threads)
        running.add(workers.running)
    trusted = settings.limits.trusted_proxies
    named = bool(settings.auth.certificates)
    proxies = Proxies(trusted, certificates=named) if trusted or named else None
    front = Front(rest, open_doors(services, settings, running), running.all, proxies)
    tracing = open_tracing(settings)
    if tracing is None:
        return Gateway(_logged(front, settings), services, keeper, running)
    running.add(lambda: sending(tracing))
    return Gateway(_logged(tracing.over(front), settings), services, keeper, running)


def _logged(front: ASGIApp, settings: Settings) -> ASGIApp:
    lines = access_lines(settings)
    return front if lines is None else AccessLog(front, lines)
