"""Serve: all that must be right before the process that starts workers begins."""

from __future__ import annotations

import errno
import socket
from typing import NoReturn

from aidefence.app.addresses import is_exposed
from aidefence.app.certificates import Certificates
from aidefence.app.gateway import open_gateway
from aidefence.app.orders import Orders, look_at
from aidefence.app.parts.access import has_keys
from aidefence.app.parts.store import open_database
from aidefence.app.places import Places
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.supervising import supervise
from aidefence.app.trial import attempt
from aidefence.domain.errors import AddressError, SettingError


def serve(sources: Sources) -> NoReturn:
    """Serve until told to stop by SIGINT or SIGTERM; running requests are finished first.

    Raises:
        ConfigError: settings, rules, a model or a certificate are wrong.
        AddressError: nobody can listen there.

    """
    seen = look_at(sources)
    settings = read_sources(sources)
    Places(settings.state_dir).prepare()
    # A wrong rule, or a door that cannot be opened, is told before a port is taken.
    attempt(lambda: _try(settings))
    certificates = Certificates.of(settings.tls)
    if certificates is not None:
        certificates.read()
    server = settings.server
    check_address(server.host, server.port)
    if settings.grpc.enabled:
        check_address(server.host, settings.grpc.port)
    supervise(Orders(settings, sources, seen))


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
