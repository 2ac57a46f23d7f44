"""Serve: the parent process, its address, its workers."""

from __future__ import annotations

import errno
import socket
from functools import partial

from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.http import HTTP1Settings

from aidefence.adapters.memory import settle
from aidefence.app import worker
from aidefence.app.addresses import is_exposed
from aidefence.app.certificates import Certificates
from aidefence.app.gateway import open_gateway
from aidefence.app.logs import QUIET_SERVER, set_up_logs
from aidefence.app.open_files import connections_for
from aidefence.app.parts.access import has_keys
from aidefence.app.parts.store import open_database
from aidefence.app.places import Places
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.supervisor import Supervisor
from aidefence.app.trial import attempt
from aidefence.domain.errors import AddressError, SettingError


def serve(sources: Sources) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; running requests are finished first.

    Raises:
        ConfigError: settings, rules, a model or a certificate are wrong.
        AddressError: nobody can listen there.

    """
    settings = read_sources(sources)
    places = Places(settings.state_dir)
    places.prepare()
    # A wrong rule, or a door that cannot be opened, is told before a port is taken.
    attempt(lambda: _try(settings))
    certificates = Certificates.of(settings.tls)
    server = settings.server
    check_address(server.host, server.port)
    if settings.grpc.enabled:
        check_address(server.host, settings.grpc.port)
    settle()
    set_up_logs(settings.log)
    connections = connections_for(server.connections_max)
    supervisor = Supervisor(
        "aidefence",
        places=places,
        certificates=certificates,
        drain_seconds=server.drain_seconds,
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        workers=server.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(server.header_seconds_max * 1000)),
        backpressure=connections,
        workers_kill_timeout=server.grace_seconds,
        task_impl=TaskImpl.asyncio,
        log_level=settings.log.level,
        log_dictconfig=QUIET_SERVER,
    )
    if certificates is not None:
        supervisor.build_ssl_context(*certificates.read())
    supervisor.serve(target_loader=partial(worker.load, sources, settings), wrap_loader=False)


def _try(settings: Settings) -> None:
    open_gateway(settings)
    refuse_strangers(settings)


def refuse_strangers(settings: Settings) -> None:
    """Refuse to be open to others while nobody has a key.

    Raises:
        SettingError: others can reach the address, and there are no keys.

    """
    host = settings.server.host
    if is_exposed(settings) and not has_keys(settings, open_database(settings)):
        raise SettingError(
            "server.host",
            f"others can reach `{host}`, and nobody has a key: make one with `aidefence keys "
            "create`, listen on 127.0.0.1, or say `--insecure`",
        )


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
