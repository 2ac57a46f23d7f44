"""The pages for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidefence.app.parts.asked import limits_of
from aidefence.app.running import Running
from aidefence.delivery.console.ways import make_console_ways
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.ways import make_routes
from aidefence.service.services import Services

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings


def open_door(services: Services, settings: Settings, _: Running) -> Sequence[BaseRoute]:
    """Make the routes of the playground and of the reference."""
    limits = limits_of(settings)
    return make_routes(make_console_ways(House(services, limits)), services.gate)
