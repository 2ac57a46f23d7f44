"""Doors that answer as other products do: those that are switched on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aidefence.app.parts.asked import limits_of
from aidefence.app.running import Running
from aidefence.app.settings.words import CompatDialect
from aidefence.delivery.compat.asking import Asking
from aidefence.delivery.compat.azure import make_azure
from aidefence.delivery.compat.lakera import make_lakera
from aidefence.delivery.compat.litellm import make_litellm
from aidefence.delivery.compat.llm_guard import make_llm_guard
from aidefence.delivery.compat.moderations import make_moderations
from aidefence.delivery.compat.nemo import make_nemo
from aidefence.delivery.compat.presidio import make_presidio
from aidefence.delivery.http.ways import Refuse, Way, make_routes

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.service.services import Services

_Make = Callable[[Asking], tuple[Sequence[Way], Refuse]]
_DIALECTS: Mapping[CompatDialect, _Make] = {
    CompatDialect.LAKERA: make_lakera,
    CompatDialect.LITELLM: make_litellm,
    CompatDialect.MODERATIONS: make_moderations,
    CompatDialect.AZURE: make_azure,
    CompatDialect.PRESIDIO: make_presidio,
    CompatDialect.LLM_GUARD: make_llm_guard,
    CompatDialect.NEMO: make_nemo,
}


def open_door(services: Services, settings: Settings, _: Running) -> Sequence[BaseRoute]:
    """Open the door; gives its routes."""
    limits = limits_of(settings)
    asking = Asking(services, limits)
    routes: list[BaseRoute] = []
    for dialect in dict.fromkeys(settings.compat.dialects):
        ways, refuse = _DIALECTS[dialect](asking)
        routes += make_routes(ways, services.gate, refuse)
    return routes
