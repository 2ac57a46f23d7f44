"""The GraphQL door: at one path of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidefence.app.parts.asked import crowd_of, limits_of
from aidefence.app.running import Running
from aidefence.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.service.services import Services


def open_door(services: Services, settings: Settings, _: Running) -> Sequence[BaseRoute]:
    """Open the door; gives its routes.

    Raises:
        MissingExtraError: what speaks the language is not installed.

    """
    try:
        from aidefence.delivery.graphql.bounds import Bounds  # noqa: PLC0415
        from aidefence.delivery.graphql.door import make_graphql_routes  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in {"strawberry", "graphql"}:
            raise
        raise MissingExtraError("the GraphQL door", "graphql") from error
    chosen = settings.graphql
    bounds = Bounds(
        depth_max=chosen.depth_max,
        fields_max=chosen.fields_max,
        aliases_max=chosen.aliases_max,
        cost_max=chosen.cost_max,
    )
    limits = limits_of(settings)
    return make_graphql_routes(services, limits, bounds, crowd=crowd_of(settings))
