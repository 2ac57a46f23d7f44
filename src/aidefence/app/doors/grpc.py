"""The gRPC door: on a port of its own, beside the routes of every worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aidefence.app.logs import access_lines
from aidefence.app.parts.asked import limits_of
from aidefence.app.parts.tracing import open_tracing
from aidefence.app.running import Running
from aidefence.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from aidefence.app.settings import Settings
    from aidefence.delivery.grpc.attending import Attend
    from aidefence.delivery.grpc.server import GrpcServer, Tls
    from aidefence.service.services import Services

# Modules of the extra, as a message about a missing one names them.
_EXTRA = frozenset({"google", "grpc", "grpc_health", "grpc_reflection"})


def open_door(services: Services, settings: Settings, running: Running) -> Sequence[BaseRoute]:
    """Make sure that the door can be opened; it has no routes over HTTP, but a port of its own.

    Raises:
        MissingExtraError: what speaks the protocol is not installed.

    """
    make_server(services, settings)
    running.add(lambda: _listening(services, settings))
    return ()


@asynccontextmanager
async def _listening(services: Services, settings: Settings) -> AsyncIterator[None]:
    """Listen while a worker serves; running calls are finished first."""
    server = make_server(services, settings)
    await server.start()
    try:
        yield
    finally:
        await server.stop(settings.server.grace_seconds)


def make_server(services: Services, settings: Settings) -> GrpcServer:
    """Build the server over the use cases of a gateway.

    Raises:
        MissingExtraError: what speaks the protocol is not installed.

    """
    try:
        from aidefence.delivery.grpc.envoy_inspecting import EnvoyOptions  # noqa: PLC0415
        from aidefence.delivery.grpc.server import GrpcOptions, GrpcServer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise MissingExtraError("the gRPC door", "grpc") from error
    server, chosen = settings.server, settings.grpc
    limits = limits_of(settings)
    options = GrpcOptions(
        host=server.host,
        port=chosen.port,
        message_bytes_max=server.body_bytes_max,
        calls_max=chosen.calls_max,
        streams_max=chosen.streams_max,
        reflection=chosen.reflection,
        envoy=EnvoyOptions(chosen.envoy_unread, chosen.envoy_headers) if chosen.envoy else None,
        tls=_tls(settings),
        shared_port=True,
    )
    return GrpcServer(services, limits, options, list(_attending(settings)))


def _attending(settings: Settings) -> Iterator[Attend]:
    from aidefence.delivery.grpc.attending import writing  # noqa: PLC0415

    lines, tracing = access_lines(settings), open_tracing(settings)
    # The trace outside: what is written within it belongs to it.
    if tracing is not None:
        yield tracing.attend
    if lines is not None:
        yield writing(lines)


def _tls(settings: Settings) -> Tls | None:
    from aidefence.delivery.grpc.server import Tls  # noqa: PLC0415

    tls = settings.tls
    if tls.certificate is None or tls.key is None:
        return None
    password = tls.key_password.get_secret_value().encode() if tls.key_password else None
    return Tls(tls.certificate, tls.key, tls.client_ca, password)
