"""Doors of the gateway, and which of them are open.

A door has a section of the settings with `enabled`, a module here under the name of this section
with `open_door(services, settings, running) -> Sequence[BaseRoute]`, and its name in `DOORS`. What
runs beside the routes, as a listener of its own, or is to be closed at the end, the door adds to
`running`. Modules of doors that are switched off are not even imported. REST is always open and
stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aidefence.app.running import Running

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.service.services import Services

REST = "rest"
DOORS: tuple[str, ...] = ("console", "mcp", "graphql", "grpc", "proxy", "compat")
"""In the order in which their routes are tried."""


def names_of_doors(settings: Settings) -> tuple[str, ...]:
    """Name all doors that are open."""
    return (REST, *_open_ones(settings))


def open_doors(services: Services, settings: Settings, running: Running) -> list[BaseRoute]:
    """Open the doors beside REST; gives their routes."""
    routes: list[BaseRoute] = []
    for name in _open_ones(settings):
        door: Any = import_module(f"{__name__}.{name}")
        routes.extend(door.open_door(services, settings, running))
    return routes


def _open_ones(settings: Settings) -> Iterator[str]:
    return (name for name in DOORS if getattr(settings, name).enabled)
