"""The gRPC door as a program of its own, without the doors over HTTP."""

from __future__ import annotations

import asyncio
import signal

from aidefence.app.gateway import Gateway, open_gateway
from aidefence.app.logs import set_up_logs
from aidefence.app.places import Places
from aidefence.app.serving import check_address, refuse_strangers
from aidefence.app.settings import Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.worker import kept


def serve_grpc(sources: Sources) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; running calls are finished first.

    Raises:
        ConfigError: settings, rules, a model or a certificate are wrong.
        AddressError: nobody can listen there.
        MissingExtraError: what speaks the protocol is not installed.

    """
    settings = read_sources(sources)
    Places(settings.state_dir).prepare()
    set_up_logs(settings.log)
    check_address(settings.server.host, settings.grpc.port)
    refuse_strangers(settings)
    gateway = open_gateway(settings, sources)
    gateway.running.add(lambda: kept(gateway))
    asyncio.run(_until_told(gateway))


async def _until_told(gateway: Gateway) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with gateway.running.all():
        await told.wait()
