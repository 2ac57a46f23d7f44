"""The door in front of models: its upstreams, its policy, its vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aidefence.adapters.upstream import HttpUpstreams, Patience, address_of
from aidefence.app.parts.asked import limits_of
from aidefence.app.running import Running
from aidefence.delivery.proxy.door import ProxyDoor
from aidefence.domain.enums import Action
from aidefence.domain.errors import SettingError
from aidefence.domain.proxying import KeyFrom, Price, Private, ProxyPolicy, Upstream
from aidefence.service.proxy import Proxy
from aidefence.service.proxy_private import PrivateValues

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.app.vault import Vault
    from aidefence.service.services import Services


def open_door(services: Services, settings: Settings, running: Running) -> Sequence[BaseRoute]:
    """Open the door; gives its routes.

    Raises:
        SettingError: there is nobody to ask, or a key too many.

    """
    door = make_door(services, settings)
    running.add(lambda: _closing(door))
    return door.routes()


@asynccontextmanager
async def _closing(door: ProxyDoor) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await door.aclose()


def make_door(services: Services, settings: Settings) -> ProxyDoor:
    """Make the door; whoever has it may close its connections.

    Raises:
        SettingError: there is nobody to ask, or a key too many.

    """
    # What reads tools takes a second to make: workers that are copies of this process have it.
    services.desk.standing.guard.inspect_tools([])
    given, upstreams = settings.proxy, upstreams_of(settings)
    patience = Patience(
        connect_seconds=given.connect_seconds,
        silence_seconds=given.silence_seconds,
        connections_max=given.connections_max,
    )
    return ProxyDoor(
        services,
        Proxy(services.desk, _policy(settings), _private(settings)),
        upstreams,
        HttpUpstreams(patience),
        limits_of(settings),
    )


def upstreams_of(settings: Settings) -> Sequence[Upstream]:
    """Name where models answer; nobody is asked yet.

    Raises:
        SettingError: there is nobody to ask, or a key too many.

    """
    upstreams = [
        Upstream(
            name=name,
            base_url=it.base_url,
            dialects=frozenset(it.dialects),
            models=it.models,
            key_from=it.key_from,
            key=None if it.key is None else it.key.get_secret_value(),
        )
        for name, it in settings.proxy.upstreams.items()
    ]
    _check(upstreams)
    return upstreams


def _check(upstreams: Sequence[Upstream]) -> None:
    if not upstreams:
        raise SettingError("proxy.upstreams", "none is named: requests have nowhere to go")
    for it in upstreams:
        try:
            address_of(it.base_url)
        except ValueError as error:
            # Never the address itself: a password may stand in it.
            where = f"proxy.upstreams.{it.name}.base_url"
            raise SettingError(where, f"no address: {error}") from None
        if it.key_from is KeyFrom.CLIENT and it.key is not None:
            where = f"proxy.upstreams.{it.name}.key"
            raise SettingError(where, "given, although the upstream is shown the client's key")


def _policy(settings: Settings) -> ProxyPolicy:
    given = settings.proxy
    return ProxyPolicy(
        refusing=given.refusing,
        refusal=given.refusal,
        on_error=given.on_error,
        stop_at=Action(given.stop_at),
        stop_answers_at=Action(given.stop_answers_at),
        stop_calls_at=Action(given.stop_calls_at),
        unread=given.unread,
        private=given.private_data,
        prompt_leaks=given.prompt_leaks,
        canaries=given.canaries,
        stream_mode=given.stream_mode,
        answer_bytes_max=given.answer_bytes_max,
        total_seconds=given.total_seconds,
        prices=tuple(
            # So much for a million is so many millionths, and there are a hundred cents.
            Price(it.models, round(it.read * 100), round(it.written * 100))
            for it in given.prices
        ),
    )


def _private(settings: Settings) -> PrivateValues | None:
    if settings.proxy.private_data is Private.KEEP:
        return None
    # Who keeps values as they are needs no vault, and nothing of what makes one.
    from aidefence.app.vault import Vault  # noqa: PLC0415

    return PrivateValues(lasting=_lasting(settings).keeper, momentary=Vault().keeper)


def _lasting(settings: Settings) -> Vault:
    """Open the vault that all workers share: a session may go on with any of them."""
    from aidefence.app.parts.vault import place_of  # noqa: PLC0415
    from aidefence.app.vault import Vault  # noqa: PLC0415

    given = settings.vault
    path = place_of(settings)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Vault(
        path=path,
        key=None if given.key is None else given.key.get_secret_value().encode(),
        key_file=given.key_file,
        ttl_seconds=given.ttl_seconds,
    )
